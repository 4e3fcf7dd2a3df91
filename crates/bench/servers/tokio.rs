//! An echo server with tokio: one task a connection, all on the current thread, which is tokio's
//! fastest way to serve one core.
//!
//! The tasks share one read buffer: nothing is held across an await, except what a slow peer did
//! not take. `AsyncRead` is used and not `try_read`: it knows that a short read is a drain.

use super::setup::{Setup, is_accepted};
use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Poll, ready};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{LocalSet, spawn_local};

type Buffer = Rc<RefCell<Vec<u8>>>;

/// Serves until SIGTERM or SIGINT.
pub fn serve(setup: Setup) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    LocalSet::new().block_on(&runtime, run(setup))
}

async fn run(setup: Setup) -> io::Result<()> {
    let buffer = Rc::new(RefCell::new(vec![0; setup.buffer]));
    let listener = TcpListener::from_std(setup.listener)?;
    let mut accepting = pin!(accept(listener, buffer));
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    poll_fn(|context| {
        let terminated = terminate.poll_recv(context).is_ready();
        if terminated || interrupt.poll_recv(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        accepting.as_mut().poll(context)
    })
    .await
}

async fn accept(listener: TcpListener, buffer: Buffer) -> io::Result<()> {
    loop {
        match listener.accept().await {
            // A connection that fails ends, and nothing else does.
            Ok((stream, _)) => drop(spawn_local(echo(stream, Rc::clone(&buffer)))),
            Err(error) if is_accepted(&error) => {}
            Err(error) => return Err(error),
        }
    }
}

async fn echo(mut stream: TcpStream, buffer: Buffer) -> io::Result<()> {
    while let Some(rest) = echo_some(&mut stream, &buffer).await? {
        if !rest.is_empty() {
            stream.write_all(&rest).await?;
        }
    }
    Ok(())
}

/// One read and one write. Returns what the peer was too slow to take; nothing at the end.
async fn echo_some(stream: &mut TcpStream, buffer: &Buffer) -> io::Result<Option<Vec<u8>>> {
    poll_fn(|context| {
        let mut buffer = buffer.borrow_mut();
        let mut room = ReadBuf::new(&mut buffer);
        ready!(Pin::new(&mut *stream).poll_read(context, &mut room))?;
        let got = room.filled();
        if got.is_empty() {
            return Poll::Ready(Ok(None));
        }
        let sent = match stream.try_write(got) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            result => result?,
        };
        Poll::Ready(Ok(Some(got[sent..].to_vec())))
    })
    .await
}
