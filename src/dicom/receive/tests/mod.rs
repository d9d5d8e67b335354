//! The receiver over the loopback network, against a sender of our own that can misbehave.

mod films;
mod hostile;
mod negotiation;
mod sender;
mod unmounted;
