//! The request body on its way to the backend: whether there is one, and its transfer.

use crate::host::bindings::http_types::{IncomingBody, IncomingRequest, OutgoingBody};
use crate::host::bindings::{InputStream, OutputStream, StreamError};
use crate::host::clock::Instant;
use crate::host::pump::{End, Pump, write, write_now};
use crate::host::wait::{Deadline, ready};
use crate::inbound::{self, Head};
use gateway_core::failure::UpstreamFailure;
use gateway_core::request::body::{can_be_chunked, content_length, empty_length};
use gateway_core::response::error::GatewayError;
use std::time::Duration;

/// How much is read to find out whether a body of unknown length is empty.
const PEEK: u64 = 16 * 1024;

/// A request body that has bytes.
pub(crate) struct Upload {
    /// Its length, where the client told it.
    pub(crate) length: Option<u64>,
    /// Bytes already read.
    peeked: Vec<u8>,
    // Before `_body`: a stream has to be dropped before the body it belongs to.
    stream: InputStream,
    _body: IncomingBody,
}

/// What the request carries beside its head.
pub(crate) enum RequestBody {
    /// Nothing; with `content-length: 0` where the client said so, or the method means to carry content.
    Empty {
        /// The length to tell the backend.
        length: Option<u64>,
    },
    /// Bytes.
    Upload(Upload),
}

impl RequestBody {
    /// The length to tell the backend, where it is known.
    pub(crate) fn length(&self) -> Option<u64> {
        match self {
            RequestBody::Empty { length } => *length,
            RequestBody::Upload(upload) => upload.length,
        }
    }
}

/// Finds out whether the request has a body.
///
/// Without `content-length` only reading tells. Sending an outgoing body that turns out empty would make a bodyless DELETE or POST chunked, so the
/// first bytes are awaited here, for as long as `timeout`.
pub(crate) async fn request_body(
    request: &IncomingRequest,
    head: &Head,
    timeout: Duration,
) -> Result<RequestBody, ReadError> {
    let length = content_length(&head.fields).map_err(|error| ReadError::Refused(error.into()))?;
    if length == Some(0) {
        return Ok(RequestBody::Empty { length });
    }
    let empty = RequestBody::Empty { length: empty_length(&head.method) };
    let Some(body) = inbound::body(request) else {
        return Ok(empty);
    };
    let Ok(stream) = body.stream() else {
        return Ok(empty);
    };
    let peeked = match length {
        Some(_) => Vec::new(),
        None => match peek(&stream, timeout).await? {
            None => return Ok(empty),
            Some(_) if !can_be_chunked(&head.method) => {
                return Err(ReadError::Refused(GatewayError::LengthRequired));
            }
            Some(bytes) => bytes,
        },
    };
    Ok(RequestBody::Upload(Upload { length, peeked, stream, _body: body }))
}

/// Why the request body could not be read.
pub(crate) enum ReadError {
    /// The request is at fault.
    Refused(GatewayError),
    /// Nothing came in time; a matter between the client and the backend it meant.
    Failed(UpstreamFailure),
}

async fn peek(stream: &InputStream, timeout: Duration) -> Result<Option<Vec<u8>>, ReadError> {
    let mut deadline = None;
    loop {
        match stream.read(PEEK) {
            Ok(bytes) if bytes.is_empty() => deadline
                .get_or_insert_with(|| Deadline::at(Instant::after(timeout)))
                .limit(ready(stream.subscribe()))
                .await
                .map_err(|_| ReadError::Failed(UpstreamFailure::UploadStalled(timeout)))?,
            Ok(bytes) => return Ok(Some(bytes)),
            Err(StreamError::Closed) => return Ok(None),
            Err(StreamError::LastOperationFailed(_)) => {
                return Err(ReadError::Refused(GatewayError::BrokenRequestBody));
            }
        }
    }
}

impl Upload {
    /// Hands over what is there of the body, before the request that it belongs to is sent (see [`Pump::head_start`]).
    pub(crate) async fn begin(self, outgoing: OutgoingBody) -> Begun {
        let Ok(sink) = outgoing.write() else {
            return Begun::Ended(End::SinkClosed);
        };
        // Locals are dropped in reverse: a stream before the body it belongs to.
        let Upload { length, mut peeked, _body, stream } = self;
        if !peeked.is_empty() {
            peeked.drain(..write_now(&peeked, &sink));
        }
        let mut pump = Pump::new(&stream, &sink, length);
        let end = if peeked.is_empty() { pump.head_start().await } else { None };
        let moved = pump.moved();
        match end {
            Some(End::Complete) => {
                drop(sink);
                Begun::Ended(finish(outgoing))
            }
            Some(end) => Begun::Ended(end),
            None => Begun::Moving(Moving { length, peeked, moved, stream, _body, sink, outgoing }),
        }
    }
}

/// An upload whose beginning was handed over.
pub(crate) enum Begun {
    /// There is nothing left to do.
    Ended(End),
    /// There is more to come.
    Moving(Moving),
}

/// What is left of an upload.
pub(crate) struct Moving {
    length: Option<u64>,
    peeked: Vec<u8>,
    moved: u64,
    // A stream has to be dropped before the body it belongs to.
    stream: InputStream,
    _body: IncomingBody,
    sink: OutputStream,
    outgoing: OutgoingBody,
}

impl Moving {
    /// Sends the rest; `progressed` is called whenever some of it went out. Only a complete body is finished: dropping an outgoing body
    /// unfinished tells the backend that it is cut off.
    pub(crate) async fn send(self, mut progressed: impl FnMut()) -> End {
        let Moving { length, peeked, moved, outgoing, sink, _body, stream } = self;
        let mut end = write(&peeked, &sink).await;
        if end == End::Complete {
            if !peeked.is_empty() {
                progressed();
            }
            end = Pump::resumed(&stream, &sink, length, moved).run(None, progressed).await;
        }
        drop(sink);
        if end == End::Complete { finish(outgoing) } else { end }
    }
}

fn finish(outgoing: OutgoingBody) -> End {
    if OutgoingBody::finish(outgoing, None).is_ok() { End::Complete } else { End::SourceBroke }
}
