//! What a change of somebody's level comes to: a suspension is no removal, and who objects to one was appointed by nobody.

use hedgerow_sync::membership::{MemberKey, Membership, Standing};

use super::lines::Noted;
use super::people::Person;

/// What has happened to a person and who brought it about, if there is anything to tell. `before` is what this device knew of it,
/// `bringer` the author of its last appointment that stands.
pub(super) fn change(
    membership: &Membership,
    before: Option<&Person>,
    now: &Person,
    standing: &Standing,
    bringer: Option<MemberKey>,
) -> Option<(Noted, Option<MemberKey>)> {
    let who = now.key.device();
    let level_before = before.map_or(0, |person| person.level);
    let level = |before, by| {
        Some((
            Noted::Level {
                who,
                before,
                now: now.level,
            },
            by,
        ))
    };
    let cut_by = || standing.cuts.first().map(|cut| cut.author);
    let was_suspended = before.filter(|person| person.is_suspended());
    if now.is_suspended() {
        let by = standing.suspended_by().into_iter().next();
        let is_new = was_suspended.is_none() || level_before != now.level;
        return is_new.then_some((
            Noted::Suspended {
                who,
                now: now.level,
            },
            by,
        ));
    }
    if let Some(before) = was_suspended {
        if now.level < before.level_if_it_objects {
            return level(before.level_if_it_objects, cut_by());
        }
        if !membership.objected_to(now.key).is_empty() {
            return Some((Noted::Objected { who }, Some(now.key)));
        }
        if let Some((_, by)) = membership.undone_lowering(now.key) {
            let by = membership.operation(by).map(|one| one.author());
            return Some((Noted::Restored { who }, by));
        }
    }
    match now.level.cmp(&level_before) {
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => level(level_before, bringer),
        std::cmp::Ordering::Less => level(level_before, cut_by()),
    }
}
