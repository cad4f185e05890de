//! What a key may do in a group.

/// What a key may do in a group: a number, and the higher one includes the lower. 1 and 3 are reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(u8);

impl Level {
    /// Not in the group.
    pub const NONE: Level = Level(0);
    /// Reads and writes.
    pub const MEMBER: Level = Level(2);
    /// Also sets the levels of others.
    pub const ADMIN: Level = Level(4);

    /// The level of this code; `None` above that of an admin.
    pub fn from_code(code: u8) -> Option<Level> {
        (code <= Level::ADMIN.0).then_some(Level(code))
    }

    /// Its number on the wire.
    pub fn code(self) -> u8 {
        self.0
    }
}
