//! Opens anything as a set file: what opens can be walked through, and every number met on the way is found.
#![no_main]

use std::sync::Arc;

use verigate::index::sets::file::SetFile;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let path = std::env::temp_dir().join(format!("fuzz-set-{}", std::process::id()));
    std::fs::write(&path, data).expect("a file for the input");
    let Ok(file) = SetFile::open(&path) else { return };
    let file = Arc::new(file);
    for row in SetFile::into_rows(Arc::clone(&file)).take(2_000) {
        let Ok((form, row)) = row else { continue };
        if let Ok(found) = file.find(form, row.value) {
            assert!(found.is_some());
        }
        drop(file.parent(row.parent));
    }
    drop(file.groups());
});
