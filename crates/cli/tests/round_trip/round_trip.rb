# frozen_string_literal: true

# The emitted module: three pipes, one wait.

require_relative "epoll_abi"

def check(what)
  raise "#{what} (errno #{FFI.errno})" unless yield
end

def event(events, data)
  Epoll::Event.new.tap { |event| event[:events], event[:data] = events, data }
end

DATA = 0xfedcba9876543210
epfd = Epoll.epoll_create1(Epoll::EPOLL_CLOEXEC)
check("epoll_create1") { epfd >= 0 }
pipes = Array.new(3) { IO.pipe }
pipes.each_with_index do |(reader, writer), i|
  writer.syswrite("x")
  wanted = event(Epoll::EPOLLIN | Epoll::EPOLLET, DATA + i)
  check("ADD") { Epoll.epoll_ctl(epfd, Epoll::EPOLL_CTL_ADD, reader.fileno, wanted).zero? }
end
memory = FFI::MemoryPointer.new(Epoll::Event, 4)
check("three events") { Epoll.epoll_wait(epfd, memory, 4, 0) == 3 }
events = Array.new(3) { |i| Epoll::Event.new(memory + i * Epoll::Event.size) }
check("data") { events.map { |event| event[:data] }.sort == [DATA, DATA + 1, DATA + 2] }
check("events") { events.all? { |event| event[:events] == Epoll::EPOLLIN } }
check("edge-triggered: not again") { Epoll.epoll_wait(epfd, memory, 4, 0).zero? }

last = pipes.last.first.fileno
changed = event(Epoll::EPOLLIN, 2**64 - 1)
check("MOD") { Epoll.epoll_ctl(epfd, Epoll::EPOLL_CTL_MOD, last, changed).zero? }
check("one event") { Epoll.epoll_wait(epfd, memory, 4, 0) == 1 }
check("all bits") { events.first[:data] == 2**64 - 1 }
check("DEL") { Epoll.epoll_ctl(epfd, Epoll::EPOLL_CTL_DEL, last, nil).zero? }
check("DEL again") { Epoll.epoll_ctl(epfd, Epoll::EPOLL_CTL_DEL, last, nil) == -1 }
check("ENOENT") { FFI.errno == Errno::ENOENT::Errno }
puts "round trip: ok"
