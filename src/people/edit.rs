//! Changes of the list: what else stands in its file, comments included, stays.

use toml_edit::{Array, Item, Table, value};

use super::{List, PeopleError, PublicKey, is_name};
use crate::{
    study::PersonRole,
    text::{clean, shortened},
};

/// Characters of a wrong name that are told.
const TOLD: usize = 60;

impl List {
    /// Adds a person; or gives one who is there another role, and more keys.
    ///
    /// # Errors
    /// The name cannot be one, looks like another one, or a key is somebody else's; then nothing has changed.
    pub fn add(&mut self, name: &str, role: PersonRole, keys: &[PublicKey]) -> Result<(), PeopleError> {
        if !is_name(name) {
            return Err(PeopleError::Name(told(name)));
        }
        let looks_alike = |known: &&str| *known != name && known.eq_ignore_ascii_case(name);
        if let Some(known) = self.people.iter().map(|(known, _)| known).find(looks_alike) {
            return Err(PeopleError::Similar(known.to_owned()));
        }
        let mut new: Vec<&PublicKey> = Vec::new();
        for key in keys {
            match self.people.of_key(key) {
                Some(owner) if owner == name => {}
                Some(owner) => {
                    let (fingerprint, name) = (key.fingerprint().to_owned(), owner.to_owned());
                    return Err(PeopleError::Taken { fingerprint, name });
                }
                None if new.contains(&key) => {}
                None => new.push(key),
            }
        }
        let entry = self.document.entry(name).or_insert_with(|| Item::Table(Table::new()));
        entry["role"] = value(role.word());
        let list = entry.as_table_like_mut().map(|entry| entry.entry("keys").or_insert(value(Array::new())));
        if let Some(list) = list.and_then(Item::as_array_mut) {
            list.extend(new.iter().map(|key| key.line()));
        }
        let person =
            self.people.0.entry(name.to_owned()).or_insert_with(|| super::Person { role, keys: Vec::new() });
        person.role = role;
        person.keys.extend(new.into_iter().cloned());
        Ok(())
    }

    /// Removes a person.
    ///
    /// # Errors
    /// Nobody has that name.
    pub fn remove(&mut self, name: &str) -> Result<(), PeopleError> {
        self.people.0.remove(name).ok_or_else(|| PeopleError::Unknown(told(name)))?;
        self.document.remove(name);
        Ok(())
    }

    /// Removes a key of a person; with the last one the person goes.
    ///
    /// # Errors
    /// Nobody has that name, or not that key.
    pub fn remove_key(&mut self, name: &str, fingerprint: &str) -> Result<(), PeopleError> {
        let person = self.people.0.get_mut(name).ok_or_else(|| PeopleError::Unknown(told(name)))?;
        let Some(at) = person.keys.iter().position(|key| key.fingerprint() == fingerprint) else {
            return Err(PeopleError::UnknownKey { name: name.to_owned(), fingerprint: told(fingerprint) });
        };
        person.keys.remove(at);
        if person.keys.is_empty() {
            return self.remove(name);
        }
        if let Some(keys) = self.document[name]["keys"].as_array_mut() {
            keys.remove(at);
        }
        Ok(())
    }
}

fn told(text: &str) -> String {
    shortened(&clean(text), TOLD)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            file::parse,
            key::tests::{ANNA, ANNAS},
        },
        *,
    };

    const BERT: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAMSHkbY1eAQRHQIZOwHvmP1QrObjJ05t7atVVCY6Jk/";

    fn list(text: &str) -> List {
        parse(text).unwrap()
    }

    #[test]
    fn people_come_change_and_go_and_the_rest_of_the_file_stays() {
        let (anna, bert) = (PublicKey::parse(ANNA).unwrap(), PublicKey::parse(BERT).unwrap());
        let mut list = list("# night shift\n[CARL] # on leave\nrole = \"view\"\nkeys = []\n");
        // What is kept in memory is what stands in the file.
        let admits = |list: &List, key: &PublicKey| {
            let read = parse(&list.document.to_string()).unwrap();
            assert_eq!(read.people, list.people);
            read.people.admits("ANNA", Some(key.fingerprint()))
        };
        list.add("ANNA", PersonRole::View, &[anna.clone(), anna.clone()]).unwrap();
        assert_eq!((admits(&list, &anna), admits(&list, &bert)), (Some(PersonRole::View), None));
        list.add("ANNA", PersonRole::Admin, &[anna.clone(), bert.clone()]).unwrap();
        assert_eq!(list.people.get("ANNA").unwrap().keys, [anna.clone(), bert.clone()]);
        assert_eq!(admits(&list, &bert), Some(PersonRole::Admin));
        list.remove_key("ANNA", ANNAS).unwrap();
        assert_eq!((admits(&list, &anna), admits(&list, &bert)), (None, Some(PersonRole::Admin)));
        list.remove_key("ANNA", bert.fingerprint()).unwrap();
        assert_eq!((admits(&list, &bert), list.people.get("ANNA")), (None, None));
        list.add("ANNA", PersonRole::View, &[anna]).unwrap();
        list.remove("ANNA").unwrap();
        let text = list.document.to_string();
        assert!(
            text.contains("night shift") && text.contains("on leave") && !text.contains("ANNA"),
            "{text}"
        );
    }

    #[test]
    fn nobody_gets_the_key_or_the_looks_of_another() {
        let keys = [PublicKey::parse(ANNA).unwrap()];
        let mut list = list("");
        list.add("ANNA", PersonRole::View, &keys).unwrap();
        let before = list.document.to_string();
        for (wrong, says) in [
            (list.add("Bert", PersonRole::View, &keys), "is of ANNA"),
            (list.add("anna", PersonRole::View, &keys), "there is `ANNA` already"),
            (list.add("x y\u{1b}", PersonRole::View, &keys), "`x y` cannot be a name"),
            (list.remove("anna"), "nobody of the name `anna`"),
            (list.remove_key("ANNA", "SHA256:x"), "no key `SHA256:x`"),
            (list.remove_key("Carl", ANNAS), "nobody of the name `Carl`"),
        ] {
            assert!(wrong.as_ref().is_err_and(|error| error.to_string().contains(says)), "{wrong:?}");
        }
        assert_eq!(list.document.to_string(), before);
    }
}
