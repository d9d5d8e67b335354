//! RLE Lossless (PS3.5 annex G): up to 15 segments, each one byte plane of one sample, PackBits within.

use super::codec_error::CodecError;

/// Decodes a frame of `planes` byte planes with `pixels` bytes each, the most significant plane of each
/// sample first.
pub(super) fn decode(frame: &[u8], planes: usize, pixels: usize) -> Result<Vec<Vec<u8>>, CodecError> {
    let head = frame.get(..64).ok_or(CodecError::CutShort)?.as_chunks().0;
    let long = |i: usize| head.get(i).map_or(usize::MAX, |&four| u32::from_le_bytes(four) as usize);
    let count = long(0);
    if count < planes || count > 15 {
        return Err(CodecError::Damaged(format!("it has {count} byte planes, its header asks for {planes}")));
    }
    // Two bytes of a segment make 128 at most: what cannot be enough is told before room is made for it.
    if frame.len().saturating_mul(64) < planes.saturating_mul(pixels) {
        return Err(CodecError::CutShort);
    }
    (1..=planes)
        .map(|segment| {
            let end = if segment < count { long(segment + 1) } else { frame.len() };
            frame
                .get(long(segment)..end)
                .and_then(|packed| unpack(packed, pixels))
                .ok_or(CodecError::CutShort)
        })
        .collect()
}

/// PackBits (G.3.1): padding behind the last pixel is left alone.
fn unpack(mut packed: &[u8], pixels: usize) -> Option<Vec<u8>> {
    let mut plane = Vec::with_capacity(pixels);
    while plane.len() < pixels {
        let (&code, rest) = packed.split_first()?;
        let room = pixels - plane.len();
        packed = match code {
            0..=127 => {
                let (run, rest) = rest.split_at_checked(usize::from(code) + 1)?;
                plane.extend_from_slice(&run[..run.len().min(room)]);
                rest
            }
            128 => rest,
            129..=255 => {
                let (&byte, rest) = rest.split_first()?;
                plane.resize(plane.len() + room.min(257 - usize::from(code)), byte);
                rest
            }
        };
    }
    Some(plane)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(segments: &[&[u8]]) -> Vec<u8> {
        let mut head = vec![u32::try_from(segments.len()).unwrap()];
        let mut at = 64;
        for segment in segments {
            head.push(at);
            at += u32::try_from(segment.len()).unwrap();
        }
        head.resize(16, 0);
        let head: Vec<u8> = head.into_iter().flat_map(u32::to_le_bytes).collect();
        [&head, segments.concat().as_slice()].concat()
    }

    #[test]
    fn planes_unpack_and_broken_ones_are_told() {
        // Two repeats of 1, three literals, a code without meaning, padding
        let whole: &[u8] = &[255, 1, 2, 7, 8, 9, 128, 0, 0];
        let expected = vec![vec![1, 1, 7, 8, 9]];
        assert_eq!(decode(&frame(&[whole]), 1, 5).ok(), Some(expected));
        assert_eq!(
            decode(&frame(&[whole, &[252, 3]]), 2, 5).ok(),
            Some(vec![vec![1, 1, 7, 8, 9], vec![3; 5]])
        );
        for (what, frame, planes, pixels) in [
            ("pixels too few", frame(&[&whole[..5]]), 1, 5),
            ("more pixels than the bytes can make", frame(&[whole]), 1, 1 << 40),
            ("no head", vec![1, 0, 0, 0], 1, 5),
            ("offset beyond the end", [&[1, 0, 0, 0, 0, 1][..], &[0; 58]].concat(), 1, 5),
        ] {
            assert!(matches!(decode(&frame, planes, pixels), Err(CodecError::CutShort)), "{what}");
        }
        let too_few = decode(&frame(&[whole]), 2, 5);
        assert!(matches!(too_few, Err(CodecError::Damaged(cause)) if cause.contains("1 byte planes")));
    }
}
