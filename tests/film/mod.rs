//! Films that departments sent, through the decoder and the gates: scored, or held for what is wrong with them.

mod cases;
mod real;
