//! libepshim_preload.so.
