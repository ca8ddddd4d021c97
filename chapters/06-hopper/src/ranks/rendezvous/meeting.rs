//! How ranks find each other: rank 0 waits until all have come, the others knock until it is there.

use super::*;

// ANCHOR: wait
/// Rank 0's part: one stream per rank, none for itself.
pub(super) fn wait_for_all(
    place: &Place,
    limits: &Limits,
) -> Result<Vec<Option<TcpStream>>, Error> {
    let refused = |source| Error::Listen {
        host: place.host.clone(),
        port: place.port,
        source,
    };
    // A machine's name often stands for an address that only the machine itself can reach. So all of its addresses are listened
    // at, unless only this machine is meant.
    let here = ["127.0.0.1", "localhost", "::1"].contains(&place.host.as_str());
    let listener = if here {
        TcpListener::bind((place.host.as_str(), place.port))
    } else {
        // Where there is IPv6, its socket takes the connections of both.
        let any = [
            SocketAddr::from((Ipv6Addr::UNSPECIFIED, place.port)),
            SocketAddr::from((Ipv4Addr::UNSPECIFIED, place.port)),
        ];
        TcpListener::bind(&any[..])
    };
    let listener = listener.map_err(refused)?;
    listener.set_nonblocking(true).map_err(refused)?;
    let deadline = Instant::now() + limits.join;
    let mut joined: Vec<Option<TcpStream>> = (0..place.world).map(|_| None).collect();
    let gathered = loop {
        let missing = |rank: &usize| *rank > 0 && joined[*rank].is_none();
        let missing: Vec<usize> = (0..place.world).filter(missing).collect();
        if missing.is_empty() {
            break Ok(());
        }
        if Instant::now() > deadline {
            break Err(Error::Missing {
                ranks: missing,
                world: place.world,
                host: place.host.clone(),
                port: place.port,
                seconds: limits.join.as_secs_f64(),
            });
        }
        match listener.accept() {
            Ok((stream, _)) => {
                if let Err(error) = admit(place, stream, &mut joined) {
                    break Err(error);
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                thread::sleep(Duration::from_millis(5));
            }
            // A connection that was given up before it was accepted.
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
            Err(error) => break Err(refused(error)),
        }
    };
    let answer = match &gathered {
        Ok(()) => Message::Begin,
        Err(error) => Message::TurnedAway {
            why: error.to_string(),
        },
    };
    for stream in joined.iter_mut().flatten() {
        // One that has died meanwhile is noticed by whoever reads from it.
        let _ = wire::send(stream, &answer, &[]);
    }
    gathered.map(|()| joined)
}

/// Listens to the first words of somebody who has connected. A stranger is left standing.
pub(super) fn admit(
    place: &Place,
    mut stream: TcpStream,
    joined: &mut [Option<TcpStream>],
) -> Result<(), Error> {
    let ready = stream.set_nonblocking(false);
    let ready = ready.and_then(|()| stream.set_read_timeout(Some(Duration::from_secs(5))));
    let hello = ready.and_then(|()| wire::receive(&mut stream));
    let Ok((
        Message::Hello {
            version,
            world,
            rank,
        },
        _,
    )) = hello
    else {
        return Ok(());
    };
    let (host, port) = (place.host.clone(), place.port);
    let error = if version != VERSION {
        Error::Versions {
            rank,
            host,
            port,
            ours: VERSION,
            theirs: version,
        }
    } else if world != place.world {
        Error::Worlds {
            rank,
            host,
            port,
            ours: place.world,
            theirs: world,
        }
    } else if rank >= world {
        Error::Beyond { rank, world }
    } else if rank == 0 || joined[rank].is_some() {
        Error::Doubled { rank, host, port }
    } else {
        joined[rank] = Some(stream);
        return Ok(());
    };
    let why = error.to_string();
    let _ = wire::send(&mut stream, &Message::TurnedAway { why }, &[]);
    Err(error)
}
// ANCHOR_END: wait

// ANCHOR: reach
/// The others' part: a stream to rank 0, which may not have started yet.
pub(super) fn reach_rank_0(
    place: &Place,
    limits: &Limits,
) -> Result<Vec<Option<TcpStream>>, Error> {
    let deadline = Instant::now() + limits.join;
    let mut stream = loop {
        let last = match connect(place) {
            Ok(stream) => break stream,
            Err(error) => error.to_string(),
        };
        if Instant::now() > deadline {
            return Err(Error::Unreachable {
                rank: place.rank,
                host: place.host.clone(),
                port: place.port,
                seconds: limits.join.as_secs_f64(),
                last,
            });
        }
        thread::sleep(Duration::from_millis(50));
    };
    let turned_away = |why: String| Error::TurnedAway {
        rank: place.rank,
        host: place.host.clone(),
        port: place.port,
        why,
    };
    let hello = Message::Hello {
        version: VERSION,
        world: place.world,
        rank: place.rank,
    };
    // Rank 0 gives up first, and says why.
    let patience = limits.join + Duration::from_secs(5);
    let answer = stream
        .set_read_timeout(Some(patience))
        .and_then(|()| wire::send(&mut stream, &hello, &[]))
        .and_then(|()| wire::receive(&mut stream));
    match answer {
        Ok((Message::Begin, _)) => {}
        Ok((Message::TurnedAway { why }, _)) => return Err(turned_away(why)),
        Ok(_) => {
            return Err(turned_away(
                "it says something else than expected".to_string(),
            ));
        }
        Err(error) => return Err(turned_away(in_words(&error, patience))),
    }
    let mut streams = vec![Some(stream)];
    streams.resize_with(place.world, || None);
    Ok(streams)
}

pub(super) fn connect(place: &Place) -> io::Result<TcpStream> {
    let mut last = io::Error::new(ErrorKind::NotFound, "the name has no address");
    for address in (place.host.as_str(), place.port).to_socket_addrs()? {
        match connect_to(&address) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

pub(super) fn connect_to(address: &SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(address, Duration::from_secs(5))?;
    // While nobody listens at a port of this machine, a connection to it can be given this very port, and meets itself.
    if stream.local_addr()? == stream.peer_addr()? {
        return Err(ErrorKind::ConnectionRefused.into());
    }
    Ok(stream)
}

/// Why a line fell silent.
pub(super) fn in_words(error: &io::Error, patience: Duration) -> String {
    match error.kind() {
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
            "its connection was closed: it has died, or was ended".to_string()
        }
        ErrorKind::WouldBlock | ErrorKind::TimedOut => format!(
            "nothing was heard of it for {} seconds: it is stopped, or its machine is out of reach",
            patience.as_secs_f64()
        ),
        _ => error.to_string(),
    }
}
// ANCHOR_END: reach
