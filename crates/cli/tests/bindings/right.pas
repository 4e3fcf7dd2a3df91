{ The record of Free Pascal's unit linux. }
program right;
uses linux;
var
  event: TEPoll_Event;
  queue: longint;
begin
  queue := epoll_create(1);
  epoll_ctl(queue, EPOLL_CTL_ADD, 0, @event);
  epoll_wait(queue, @event, 1, 0);
end.
