//! The signature of a film: its last feature map, coarse enough to be compared.

use candle_core::{DType, Device, Tensor};

/// Windows to a side that the map is pooled over. One window, which is what the network's own head sees,
/// cannot tell a film from the same film on its head: four of ten rotated films passed with it, and
/// one of twenty passes with three by three.
const WINDOWS: usize = 3;
/// Neighbouring channels that are taken together: the profile becomes an eighth of its size, and tells as much.
const TOGETHER: usize = 8;

/// The signatures of a batch. `features` is film x channel x row x column, after the last ReLU.
pub(crate) fn signatures(features: &Tensor) -> candle_core::Result<Vec<Vec<f32>>> {
    let (_, channels, rows, columns) = features.dims4()?;
    let maps = features.to_dtype(DType::F32)?.to_device(&Device::Cpu)?.flatten_from(1)?.to_vec2::<f32>()?;
    Ok(maps.iter().map(|map| signature(map, channels, rows, columns)).collect())
}

/// For each group of channels and each window the mean over the group of the roots of the channels' means:
/// the root keeps a few strong channels from drowning the rest.
fn signature(map: &[f32], channels: usize, rows: usize, columns: usize) -> Vec<f32> {
    let windows: Vec<_> = windows(rows)
        .into_iter()
        .flat_map(|down| windows(columns).into_iter().map(move |across| (down.clone(), across)))
        .collect();
    let mut signature = Vec::with_capacity(channels.div_ceil(TOGETHER) * windows.len());
    for group in map.chunks(TOGETHER * rows * columns) {
        for (down, across) in &windows {
            let roots = group.chunks_exact(rows * columns).map(|channel| {
                let values = down.clone().flat_map(|row| &channel[row * columns..][across.clone()]);
                (values.sum::<f32>() / (down.len() * across.len()) as f32).max(0.0).sqrt()
            });
            signature.push(roots.sum::<f32>() / (group.len() / (rows * columns)) as f32);
        }
    }
    signature
}

/// Evenly placed windows of three sevenths of the side: 0..3, 2..5, 4..7 of 7.
fn windows(side: usize) -> Vec<std::ops::Range<usize>> {
    let width = (side * 3).div_ceil(7).max(1);
    (0..WINDOWS).map(|n| n * (side - width) / (WINDOWS - 1)).map(|start| start..start + width).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_cover_the_map_from_edge_to_edge() {
        for side in 1..40 {
            let windows = windows(side);
            assert_eq!((windows[0].start, windows[2].end), (0, side), "{side}");
            let seen = |at| windows.iter().any(|window| window.contains(&at));
            assert!((0..side).all(seen), "{side}: {windows:?}");
        }
        assert_eq!(windows(7), [0..3, 2..5, 4..7]);
    }

    #[test]
    fn a_signature_knows_where_a_feature_is() {
        // 16 channels of 7 x 7; in the first group every channel is 4 in the top left corner window.
        let mut map = vec![0.0; 16 * 49];
        for channel in 0..8 {
            for (row, column) in (0..3).flat_map(|row| (0..3).map(move |column| (row, column))) {
                map[channel * 49 + row * 7 + column] = 4.0;
            }
        }
        let features = Tensor::from_vec(map, (1, 16, 7, 7), &Device::Cpu).unwrap();
        let signature = signatures(&features).unwrap().remove(0);
        assert_eq!(signature.len(), 2 * 9);
        assert_eq!(signature[0], 2.0, "the corner");
        assert!(signature[1] > 0.0 && signature[1] < 2.0, "its neighbour shares a column with it");
        assert!([2, 5, 6, 7, 8].iter().all(|&window| signature[window] == 0.0), "{signature:?}");
        assert!(signature[9..].iter().all(|&value| value == 0.0), "the other channels");
    }
}
