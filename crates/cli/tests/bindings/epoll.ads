--  A record written by hand; a clause for its representation may follow it.
with Interfaces;   use Interfaces;
with Interfaces.C; use Interfaces.C;
package Epoll is
   type Epoll_Event is record
      Events : Unsigned_32;
      Data   : Unsigned_64;
   end record;
   pragma Convention (C, Epoll_Event);
   --  CLAUSE
   function Epoll_Ctl (Epoll, Op, Fd : int; Event : access Epoll_Event) return int;
   pragma Import (C, Epoll_Ctl, "epoll_ctl");
end Epoll;
