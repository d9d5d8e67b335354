//! From what was saved to tensors by name: a state dict, a checkpoint that holds one, or a whole module,
//! of which only the attributes are read that `torch.nn.Module` keeps its tensors in.

use super::{Saved, Storages};
use crate::model::import::{
    fault::{Fault, Outcome},
    pickle::Id,
    tensors::Tensors,
};

/// Where training scripts put the state dict.
const CHECKPOINT_KEYS: [&str; 5] = ["state_dict", "model_state_dict", "model", "net", "module"];
/// Modules within modules.
const DEEPEST: usize = 64;
/// Modules and tensors in all. A module may stand in several places: without this bound a small file
/// could make us walk for ever.
const MOST_VISITS: usize = 200_000;

/// All tensors of real numbers.
pub(super) fn tensors<S: Storages>(saved: Saved<S>) -> Outcome<Tensors> {
    let root = saved.pickle.root;
    let mut walk = Walk { saved, tensors: Tensors::new(), visits: 0 };
    walk.found(root, DEEPEST)?;
    match walk.tensors.is_empty() {
        false => Ok(walk.tensors),
        true => Err(Fault::other(
            "no tensors were found in it: save the network's `state_dict()`, or the network itself",
        )),
    }
}

struct Walk<S> {
    saved: Saved<S>,
    tensors: Tensors,
    visits: usize,
}

impl<S: Storages> Walk<S> {
    fn found(&mut self, id: Id, deeper: usize) -> Outcome<()> {
        if self.saved.pickle.entries(id).is_none() {
            return self.module(id, "", DEEPEST);
        }
        let inner = CHECKPOINT_KEYS.iter().find_map(|key| {
            let inner = self.saved.pickle.entry(id, key)?;
            let holds =
                self.saved.pickle.entries(inner).is_some() || self.saved.pickle.object(inner).is_some();
            holds.then_some(inner)
        });
        match inner {
            Some(inner) if deeper > 0 => self.found(inner, deeper - 1),
            _ => self.dictionary(id, ""),
        }
    }

    /// The tensors of a dictionary.
    fn dictionary(&mut self, id: Id, path: &str) -> Outcome<()> {
        for (key, value) in self.saved.pickle.entries(id).unwrap_or_default().to_vec() {
            self.visit()?;
            let Some(key) = self.saved.pickle.text(key) else { continue };
            let name = format!("{path}{key}");
            if let Some(tensor) = self.saved.tensor(value)? {
                self.tensors.insert(name, tensor);
            }
        }
        Ok(())
    }

    /// The tensors of a module and of those within it.
    fn module(&mut self, id: Id, path: &str, deeper: usize) -> Outcome<()> {
        self.visit()?;
        if deeper == 0 {
            return Err(Fault::refused(format!("its modules lie more than {DEEPEST} deep in each other")));
        }
        let Some((_, object)) = self.saved.pickle.object(id) else { return Ok(()) };
        let Some(state) = object.state else { return Ok(()) };
        for part in ["_parameters", "_buffers"] {
            if let Some(part) = self.saved.pickle.entry(state, part) {
                self.dictionary(part, path)?;
            }
        }
        let Some(within) = self.saved.pickle.entry(state, "_modules") else { return Ok(()) };
        for (key, module) in self.saved.pickle.entries(within).unwrap_or_default().to_vec() {
            let Some(key) = self.saved.pickle.text(key) else { continue };
            let path = format!("{path}{key}.");
            self.module(module, &path, deeper - 1)?;
        }
        Ok(())
    }

    fn visit(&mut self) -> Outcome<()> {
        self.visits += 1;
        match self.visits <= MOST_VISITS {
            true => Ok(()),
            false => Err(Fault::refused(format!("it holds more than {MOST_VISITS} modules and tensors"))),
        }
    }
}
