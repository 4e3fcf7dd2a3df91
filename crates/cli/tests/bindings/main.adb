with Epoll;        use Epoll;
with Interfaces.C; use Interfaces.C;
procedure Main is
   Event : aliased Epoll_Event := (1, 2);
   Done  : int;
begin
   Done := Epoll_Ctl (0, 1, 0, Event'Access);
   if Done = 0 then
      Event.Events := 0;
   end if;
end Main;
