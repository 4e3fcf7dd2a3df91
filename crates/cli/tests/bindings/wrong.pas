{ A record written by hand, not packed. }
program wrong;
type
  epoll_event = record
    events: cardinal;
    data: qword;
  end;
function epoll_create1(flags: longint): longint; cdecl; external 'c';
function epoll_ctl(queue, op, fd: longint; event: pointer): longint; cdecl; external 'c';
var
  event: epoll_event;
begin
  epoll_ctl(epoll_create1(0), 1, 0, @event);
end.
