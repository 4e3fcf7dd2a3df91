//! docs/json.md, read as a schema: its tables say which fields each object has, and of what type.

use crate::command::json;
use serde_json::Value;
use std::collections::BTreeMap;

/// The objects by name, the fields of each by name, and their types.
pub struct Schema(BTreeMap<String, BTreeMap<String, String>>);

impl Schema {
    /// Reads the document. An object is a heading that is one word in backquotes; the rows of the
    /// table below it have the field, the type and what it means.
    pub fn read() -> Self {
        let mut objects = BTreeMap::<_, BTreeMap<_, _>>::new();
        let mut fields = None;
        for line in include_str!("../../../../docs/json.md").lines() {
            if let Some(heading) = line.strip_prefix('#') {
                let name = heading.trim_matches(['#', ' ']).strip_prefix('`');
                let name = name.and_then(|name| name.strip_suffix('`'));
                fields = name.map(|name| objects.entry(name.to_owned()).or_default());
            } else if let (Some(fields), Some(row)) = (&mut fields, line.strip_prefix("| `")) {
                let cells: Vec<_> = row.split(" | ").collect();
                let name = cells[0].strip_suffix('`').expect(line);
                assert_eq!(fields.insert(name.to_owned(), cells[1].to_owned()), None, "{line}");
            }
        }
        Self(objects)
    }

    /// What is wrong with a line of JSON, if anything.
    pub fn refuse(&self, line: &Value) -> Result<(), String> {
        let kind = line["kind"].as_str().unwrap_or_default();
        self.refuse_as(line, kind).map_err(|why| format!("docs/json.md: {kind}: {why}: {line}"))
    }

    fn refuse_as(&self, value: &Value, wanted: &str) -> Result<(), String> {
        if let Some(wanted) = wanted.strip_suffix(" or null") {
            return if value.is_null() { Ok(()) } else { self.refuse_as(value, wanted) };
        }
        if let Some(wanted) = wanted.strip_prefix("list of ") {
            let list = value.as_array().ok_or_else(|| format!("{value} is no list"))?;
            return list.iter().try_for_each(|one| self.refuse_as(one, wanted));
        }
        if let Some(wanted) = wanted.strip_prefix("object of ") {
            let object = value.as_object().ok_or_else(|| format!("{value} is no object"))?;
            return object.values().try_for_each(|one| self.refuse_as(one, wanted));
        }
        let is_one = match wanted {
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            name if self.0.contains_key(name) => return self.refuse_object(value, name),
            literal => *value == json(literal.trim_matches('`')),
        };
        if is_one { Ok(()) } else { Err(format!("{value} is not {wanted}")) }
    }

    fn refuse_object(&self, value: &Value, name: &str) -> Result<(), String> {
        let fields = &self.0[name];
        let object = value.as_object().ok_or_else(|| format!("{value} is no object"))?;
        if let Some(unknown) = object.keys().find(|key| !fields.contains_key(*key)) {
            return Err(format!("{name} has no field {unknown}"));
        }
        for (field, wanted) in fields {
            let (wanted, is_optional) = match wanted.strip_suffix(", optional") {
                Some(wanted) => (wanted, true),
                None => (wanted.as_str(), false),
            };
            match object.get(field) {
                Some(value) => {
                    self.refuse_as(value, wanted)
                        .map_err(|why| format!("{name}.{field}: {why}"))?;
                }
                None if is_optional => {}
                None => return Err(format!("{name} without {field}")),
            }
        }
        Ok(())
    }
}
