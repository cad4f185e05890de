//! Changing a key of a scenario before it is read: a parameter of a sweep, or one on the command line.

use toml::{Table, Value};

use super::ScenarioError;

/// Sets what a path of keys and places in lists (`radios.0.rate-bytes-s`) leads to; tables that are
/// missing on the way are made.
///
/// # Errors
/// The path leads through something else, or to a place that a list does not have.
pub fn set(table: &mut Table, path: &str, value: Value) -> Result<(), ScenarioError> {
    let wrong = || ScenarioError::Parameter(path.to_owned());
    let mut parts = path.split('.').peekable();
    let first = parts.next().ok_or_else(wrong)?;
    if parts.peek().is_none() {
        table.insert(first.to_owned(), value);
        return Ok(());
    }
    let mut place = table
        .entry(first)
        .or_insert_with(|| Value::Table(Table::new()));
    for part in parts {
        place = match place {
            Value::Table(table) => table
                .entry(part)
                .or_insert_with(|| Value::Table(Table::new())),
            Value::Array(list) => part
                .parse::<usize>()
                .ok()
                .and_then(|number| list.get_mut(number))
                .ok_or_else(wrong)?,
            _ => return Err(wrong()),
        };
    }
    *place = value;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_reaches_into_tables_and_lists() {
        let mut scenario: Table = "a = 1\n[[radios]]\nrate = 2\n[[radios]]\nrate = 3"
            .parse()
            .expect("the table is well-formed");
        set(&mut scenario, "radios.1.rate", Value::Integer(9)).expect("the path is there");
        set(&mut scenario, "courier.policy", Value::String("x".into())).expect("tables are made");
        assert_eq!(scenario["radios"][1]["rate"].as_integer(), Some(9));
        assert_eq!(scenario["radios"][0]["rate"].as_integer(), Some(2));
        assert_eq!(scenario["courier"]["policy"].as_str(), Some("x"));
        assert!(set(&mut scenario, "a.b", Value::Integer(1)).is_err());
        assert!(set(&mut scenario, "radios.7.rate", Value::Integer(1)).is_err());
    }
}
