//! What is carried by hand between the engines of a world.

use crate::api::{Call, ContactId, Imported, Refusal, Reply};
use crate::parcel::steps::{Manifest, Step, Stepped, Taken};

use super::World;

impl World {
    fn step(&mut self, node: usize, step: Step) -> Result<Stepped, Refusal> {
        match self.ask(node, Call::Carry(step))? {
            Reply::Stepped(stepped) => Ok(stepped),
            other => panic!("no answer to a step: {other:?}"),
        }
    }

    /// Seals all that a contact has not acknowledged.
    pub fn carry_out(&mut self, node: usize, to: &ContactId) -> Result<Vec<Vec<u8>>, Refusal> {
        self.carry_out_with(node, to, None)
    }

    /// As [`carry_out`](Self::carry_out), and says what follows.
    pub fn carry_out_with(
        &mut self,
        node: usize,
        to: &ContactId,
        manifest: Option<&Manifest>,
    ) -> Result<Vec<Vec<u8>>, Refusal> {
        let mut bundles = Vec::new();
        let mut next = None;
        loop {
            let seals = Step::Seal {
                contact: to.clone(),
                next,
                manifest: manifest.cloned(),
            };
            let Stepped::Sealed(bundle, behind) = self.step(node, seals)? else {
                panic!("no bundle");
            };
            bundles.push(bundle);
            next = behind;
            if next.is_none() {
                return Ok(bundles);
            }
        }
    }

    /// Takes in a bundle.
    pub fn take_bundle(&mut self, node: usize, bundle: &[u8]) -> Result<Taken, Refusal> {
        match self.step(node, Step::Take(bundle.to_vec()))? {
            Stepped::Taken(taken) => Ok(*taken),
            other => panic!("nothing taken: {other:?}"),
        }
    }

    /// Takes in all bundles of a parcel, of which each is for this node. One that is known already is refused.
    pub fn carry_in(&mut self, node: usize, bundles: &[Vec<u8>]) -> Result<Imported, Refusal> {
        let mut all: Option<Taken> = None;
        for bundle in bundles {
            let taken = self.take_bundle(node, bundle)?;
            match &mut all {
                Some(all) => all.add(taken),
                None => all = Some(taken),
            }
        }
        let taken = all.ok_or(Refusal::BadParcel)?;
        match taken.is_known {
            true => Err(Refusal::ParcelKnown),
            false => Ok(taken.imported),
        }
    }
}
