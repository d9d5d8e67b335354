//! From what was saved to tensors by name: a state dict, a checkpoint that holds one, or a whole module,
//! of which only the attributes are read that `torch.nn.Module` keeps its tensors in.

use super::{Saved, Storages};
use crate::model::import::{
    pickle::Id,
    reader_error::{Outcome, ReaderError},
    tensors::{LONGEST_NAME, Tensors},
};

/// Where training scripts put the state dict.
const CHECKPOINT_KEYS: [&str; 5] = ["state_dict", "model_state_dict", "model", "net", "module"];
/// Modules within modules.
const DEEPEST: usize = 64;
/// Entries of modules and dictionaries that are looked at in all. A module may stand in several places: without this
/// bound a small file could make us walk for ever. A network of 121 layers has some 50,000.
const MOST_VISITS: usize = 1_000_000;

/// All tensors of real numbers.
pub(super) fn tensors<S: Storages>(saved: Saved<'_, S>) -> Outcome<Tensors> {
    let root = saved.pickle.root;
    let mut walk = Walk { saved, tensors: Tensors::new(), visits: 0 };
    walk.found(root, DEEPEST)?;
    match walk.tensors.is_empty() {
        false => Ok(walk.tensors),
        true => Err(ReaderError::other(
            "no tensors were found in it: save the network's `state_dict()`, or the network itself",
        )),
    }
}

struct Walk<'a, S> {
    saved: Saved<'a, S>,
    tensors: Tensors,
    visits: usize,
}

impl<S: Storages> Walk<'_, S> {
    fn found(&mut self, id: Id, deeper: usize) -> Outcome<()> {
        if self.saved.pickle.entries(id).is_none() {
            return self.module(id, "", DEEPEST);
        }
        for key in CHECKPOINT_KEYS {
            let Some(inner) = self.entry(id, key)? else { continue };
            let holds =
                self.saved.pickle.entries(inner).is_some() || self.saved.pickle.object(inner).is_some();
            if holds && deeper > 0 {
                return self.found(inner, deeper - 1);
            }
        }
        self.dictionary(id, "")
    }

    /// The tensors of a dictionary.
    fn dictionary(&mut self, id: Id, path: &str) -> Outcome<()> {
        for (key, value) in self.entries(id)? {
            let Some(key) = self.saved.pickle.text(key) else { continue };
            if let Some(tensor) = self.saved.tensor(value)? {
                self.tensors.insert(joined(path, key, "")?, tensor);
            }
        }
        Ok(())
    }

    /// The tensors of a module and of those within it.
    fn module(&mut self, id: Id, path: &str, deeper: usize) -> Outcome<()> {
        self.visit(1)?;
        if deeper == 0 {
            return Err(ReaderError::refused(format!(
                "its modules lie more than {DEEPEST} deep in each other"
            )));
        }
        let Some((_, object)) = self.saved.pickle.object(id) else { return Ok(()) };
        let Some(state) = object.state else { return Ok(()) };
        for part in ["_parameters", "_buffers"] {
            if let Some(part) = self.entry(state, part)? {
                self.dictionary(part, path)?;
            }
        }
        let Some(within) = self.entry(state, "_modules")? else { return Ok(()) };
        for (key, module) in self.entries(within)? {
            let Some(key) = self.saved.pickle.text(key) else { continue };
            self.module(module, &joined(path, key, ".")?, deeper - 1)?;
        }
        Ok(())
    }

    /// The entries of a dictionary, all of which are counted as looked at.
    fn entries(&mut self, id: Id) -> Outcome<Vec<(Id, Id)>> {
        self.visit(self.saved.pickle.entries(id).unwrap_or_default().len())?;
        Ok(self.saved.pickle.entries(id).unwrap_or_default().to_vec())
    }

    /// An entry of a dictionary, which is searched for it.
    fn entry(&mut self, id: Id, key: &str) -> Outcome<Option<Id>> {
        self.visit(self.saved.pickle.entries(id).unwrap_or_default().len())?;
        Ok(self.saved.pickle.entry(id, key))
    }

    fn visit(&mut self, entries: usize) -> Outcome<()> {
        self.visits += entries;
        match self.visits <= MOST_VISITS {
            true => Ok(()),
            false => {
                Err(ReaderError::refused("it holds more modules and tensors than any network of this family"))
            }
        }
    }
}

/// A name below a path. One name may stand in a thousand places of a pickle, so long ones are not copied.
fn joined(path: &str, name: &str, end: &str) -> Outcome<String> {
    match path.len() + name.len() <= LONGEST_NAME {
        true => Ok(format!("{path}{name}{end}")),
        false => {
            Err(ReaderError::refused(format!("the name of a tensor is longer than {LONGEST_NAME} letters")))
        }
    }
}
