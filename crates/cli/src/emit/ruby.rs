//! Ruby: a module on the gem ffi.
//!
//! `pack` says what fields are aligned to at most, as C's does; the places are the table's own. Ruby's
//! constants are written in capitals, so C's names stand as they are. `epoll_wait` is declared
//! `blocking`: other threads of Ruby run meanwhile.

use super::architectures::{Libc, libc, names};
use super::words::{Kind, Template, constant_lines};
use epshim_layouts::Row;

const TEXT: &str = r#"
# frozen_string_literal: true

{{heading}}

require "ffi"

{{guard}}

module Epoll
  extend FFI::Library
  ffi_lib FFI::Library::LIBC

  # C's struct epoll_event.
  class Event < FFI::Struct
{{pack}}
    layout :events, :uint32, {{events_offset}}, # EPOLL* bits
           :data, :uint64, {{data_offset}} # handed back as given
  end

  found = [Event.size, Event.alignment, Event.offset_of(:events), Event.offset_of(:data)]
  raise LoadError, "epoll_event has size, alignment and places #{found} here" if found != [{{size}}, {{align}}, {{events_offset}}, {{data_offset}}]

{{constants}}

  # Each returns -1 on failure; FFI.errno says why.

  # {{create1}}
  attach_function :epoll_create1, [:int], :int

  # {{ctl}}
  attach_function :epoll_ctl, [:int, :int, :int, Event.by_ref], :int

  # {{wait}}
  #   memory = FFI::MemoryPointer.new(Event, maxevents)
  #   count = Epoll.epoll_wait(epfd, memory, maxevents, timeout)
  #   event = Epoll::Event.new(memory + index * Event.size)
  attach_function :epoll_wait, [:int, :pointer, :int, :int], :int, blocking: true
end
"#;

/// FFI's names of machines are those of Ruby's own configuration, shortened.
fn guard(row: &Row) -> String {
    let target = &row.target;
    let starts = if target.abi == "oabi" { "armoabi" } else { names(row).ruby };
    let starts: Vec<_> = starts.split(',').map(|name| format!("\"{name}\"")).collect();
    let order = if target.endian == "big" { "BIG" } else { "LITTLE" };
    let mut conditions = vec![
        "FFI::Platform::OS == \"linux\"".to_owned(),
        format!("FFI::Platform::ARCH.start_with?({})", starts.join(", ")),
        format!("FFI::Platform::BYTE_ORDER == FFI::Platform::{order}_ENDIAN"),
        format!("FFI::Platform::ADDRESS_SIZE == {}", target.pointer_width),
    ];
    let glibc = "FFI::DynamicLibrary.open(nil, FFI::DynamicLibrary::RTLD_LAZY).find_symbol(\"gnu_get_libc_version\")";
    match libc(row) {
        Libc::Any => {}
        Libc::Glibc => conditions.push(glibc.to_owned()),
        Libc::NotGlibc => conditions.push(format!("!{glibc}")),
    }
    format!(
        "unless {}\n  raise LoadError, \"this epoll_event is for {}\"\nend\n",
        conditions.join(" &&\n       "),
        target.name
    )
}

pub fn text(row: &Row) -> String {
    let pack = match row.measured.layout.align {
        8 => String::new(),
        align => format!("    pack {align}\n"),
    };
    let constants = constant_lines(row, |constant| {
        let (name, value, meaning) = (constant.name, constant.value, constant.meaning);
        match constant.kind {
            Kind::Event => format!("  {name} = 0x{value:08x} # {meaning}"),
            Kind::Flag => format!("  {name} = {value:#x} # {meaning}"),
            Kind::Operation => format!("  {name} = {value} # {meaning}"),
        }
    });
    let template = Template {
        language: "ruby",
        comment: "#",
        check: "Needs the gem ffi. Size, alignment and places are checked whenever it is loaded.\n",
        text: TEXT,
    };
    template.fill(row, &[("guard", guard(row)), ("pack", pack), ("constants", constants)])
}
