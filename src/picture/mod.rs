//! Film and heatmap become one RGB picture: colour map, opacity, size. Used by the dashboard and by
//! `show`; knows nothing of either.
