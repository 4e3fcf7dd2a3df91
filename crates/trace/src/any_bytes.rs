//! The target of fuzzing: records and what they mean, of any bytes. It returns nothing, and must not panic nor take
//! memory out of proportion.

use crate::calls;
use crate::record::Record;
use std::hint::black_box;

/// A record of the ring buffer.
pub fn read_record(bytes: &[u8]) {
    if let Some(record) = Record::read(bytes) {
        black_box((record.deliveries(), record.event(), record.polled()));
        black_box(calls::meaning(&record));
        black_box((calls::forked(&record), calls::is_exit(&record)));
    }
}
