//! The names that weights need. All others are refused.

use crate::model::import::reader_error::{Outcome, ReaderError};

/// Functions and classes of which a tensor, a dictionary of tensors or a module's attributes are made.
const NAMES: [&str; 29] = [
    "collections.OrderedDict",
    "collections.defaultdict",
    "torch.Size",
    "torch.device",
    "torch.Tensor",
    "torch._utils._rebuild_tensor",
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_parameter",
    "torch._utils._rebuild_parameter_with_state",
    "torch.FloatStorage",
    "torch.DoubleStorage",
    "torch.HalfStorage",
    "torch.BFloat16Storage",
    "torch.LongStorage",
    "torch.IntStorage",
    "torch.ShortStorage",
    "torch.CharStorage",
    "torch.ByteStorage",
    "torch.BoolStorage",
    "builtins.set",
    "builtins.frozenset",
    "__builtin__.set",
    "__builtin__.frozenset",
    // Lists of labels and thresholds that people hang on a module.
    "numpy.ndarray",
    "numpy.dtype",
    "numpy.core.multiarray._reconstruct",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray._reconstruct",
    "numpy._core.multiarray.scalar",
];

/// How protocol 2 writes the bytes in an array of numpy; harmless as data.
const BYTES: &str = "_codecs.encode";

/// Packages whose classes are networks and their parts.
const MODULES: [&str; 4] =
    ["torch.nn.modules.", "torch.nn.parameter.", "torchvision.models.", "torchxrayvision."];

/// Objects that PyTorch before 1.3 stored with every module.
const BACKEND: &str = "torch.nn.backends.thnn._get_thnn_function_backend";

/// Longest part of a name that a message shows.
const SHOWN: usize = 120;

/// The name of what weights may name: of a network's class no more than its package, for nothing depends on which
/// it is. Costs the same for a name of any length.
///
/// # Errors
/// [`ReaderError::Refused`].
pub(super) fn known(module: &str, name: &str) -> Outcome<&'static str> {
    let bytes = || module.bytes().chain([b'.']).chain(name.bytes());
    let whole = NAMES.iter().chain(&[BYTES, BACKEND]).find(|known| bytes().eq(known.bytes()));
    let package = || MODULES.iter().find(|package| bytes().take(package.len()).eq(package.bytes()));
    whole.or_else(package).copied().ok_or_else(|| {
        let shown: String = module.chars().chain(['.']).chain(name.chars()).take(SHOWN).collect();
        ReaderError::refused(format!(
            "it asks for `{}`, which no weights need; nothing of the file was executed",
            crate::text::clean(&shown)
        ))
    })
}
