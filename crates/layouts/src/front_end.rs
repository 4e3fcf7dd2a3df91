//! The answers of a clang that can parse for a target and not write code for it.
//!
//! The questions are the values of an enumeration, and clang prints what it makes of that
//! (`-ast-dump`): each name, and the value below it. The form of that text is not promised; where it
//! has changed, fewer answers are found than questions asked, which is an error of its own.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Before each name, so that nothing in a header has the same.
const MARK: &str = "epshim_answer_";

/// Prints the enumeration of [`source`] alone.
pub(crate) const FLAGS: [&str; 5] =
    ["-fsyntax-only", "-Xclang", "-ast-dump", "-Xclang", "-ast-dump-filter=epshim_answers"];

/// The questions as an enumeration.
pub(crate) fn source<'a>(questions: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = "enum epshim_answers {\n".to_owned();
    for (name, expression) in questions {
        writeln!(text, "{MARK}{name} = (int)({expression}),").expect("a string takes any text");
    }
    text + "};\n"
}

/// Names and values in what clang printed.
pub(crate) fn answers(tree: &str) -> BTreeMap<String, u32> {
    let mut answers = BTreeMap::new();
    let mut name = None;
    for line in tree.lines() {
        if line.contains("EnumConstantDecl") {
            let word = line.split_whitespace().find_map(|word| word.strip_prefix(MARK));
            name = word.map(str::to_owned);
        } else if let Some((_, value)) = line.split_once("value: Int ") {
            // Constants within the expression come after the whole one's value.
            if let (Some(name), Ok(value)) = (name.take(), value.trim().parse::<i32>()) {
                answers.insert(name, value as u32);
            }
        }
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::answers;

    const TREE: &str = "\
EnumDecl 0x1 <q.c:3:1, col:81> col:6 epshim_answers
|-EnumConstantDecl 0x2 <col:23, col:69> col:23 epshim_answer_size 'int'
| `-ConstantExpr 0x3 <col:37, col:69> 'int'
|   |-value: Int 12
|   `-ConstantExpr 0x4 <col:37, col:69> 'int'
|     |-value: Int 3
`-EnumConstantDecl 0x5 <col:83> col:83 epshim_answer_EPOLLET 'int'
  `-ConstantExpr 0x6 <col:90> 'int'
    |-value: Int -2147483648
";

    #[test]
    fn a_name_has_the_first_value_below_it() {
        let found = answers(TREE);
        assert_eq!(found.len(), 2);
        assert_eq!((found["size"], found["EPOLLET"]), (12, 0x8000_0000));
    }

    #[test]
    fn any_text_gives_an_answer() {
        for end in 0..TREE.len() {
            answers(&TREE[end..]);
            answers(&TREE[..end]);
        }
        assert!(answers("value: Int 5\nEnumConstantDecl epshim_answer_x\nvalue: Int y").is_empty());
    }
}
