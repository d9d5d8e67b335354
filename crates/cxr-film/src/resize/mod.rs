//! Resizing a plane of grey, as the libraries do with which networks were trained: to the last bit or nearly so, for a
//! different filter alone moves a probability by 0.1.
//!
//! A plane is its values, row by row from the top left, and its width; it has at least one pixel.
//!
//! ```
//! use cxr_film::resize::{Kernel, filtered, nearest};
//!
//! let rows = [0.0, 10.0, 20.0, 30.0, 0.0, 10.0, 20.0, 30.0];
//! assert_eq!(filtered(&rows, 4, (2, 1), Kernel::TRIANGLE, true), [7.0, 23.0]);
//! assert_eq!(nearest(&rows, 4, 2), [10.0, 30.0, 10.0, 30.0]);
//! ```

mod gaussian;
mod nearest;
mod resample;

pub use gaussian::order1_gaussian;
pub use nearest::nearest;
pub use resample::{Kernel, filtered};
