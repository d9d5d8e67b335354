//! L-BFGS (Nocedal and Wright 2006, algorithms 7.4 and 7.5) for a smooth convex function, as a state machine: it says
//! where the function is to be evaluated, and takes its value and gradient there. So many functions can be minimised in
//! step, and be evaluated by one product of matrices.

use std::collections::VecDeque;

/// Pairs of steps and changes of the gradient that are remembered.
const MEMORY: usize = 10;
/// A step is long enough where it leaves this share of the slope (Wolfe's second condition) ...
const FLATTER: f64 = 0.9;
/// ... and short enough where the value falls by this share of what the slope promised (Armijo's condition).
const PROMISED: f64 = 1e-4;
/// A value cannot be told from another that differs by this share of it; then the slopes decide (Hager and Zhang 2005,
/// the approximate Wolfe conditions).
const ROUNDING: f64 = 1e-12;
/// Evaluations along one line.
const MOST_ALONG: usize = 60;
/// Evaluations in all.
const MOST: usize = 5_000;

/// A minimisation on its way.
#[derive(Debug)]
pub(super) struct Lbfgs {
    /// Where the line begins; none before the first evaluation.
    from: Option<Point>,
    /// Where the function is to be evaluated.
    trial: Vec<f64>,
    line: Line,
    pairs: VecDeque<Pair>,
    /// The slope that counts as none, in every component.
    tolerance: f64,
    evaluations: usize,
    is_done: bool,
}

#[derive(Debug)]
struct Point {
    at: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

/// A search along a line for a step that is neither too long nor too short, by bisection.
#[derive(Debug, Default)]
struct Line {
    direction: Vec<f64>,
    /// The derivative along the line where it begins; below 0.
    slope: f64,
    step: f64,
    too_short: f64,
    too_long: f64,
    evaluations: usize,
}

/// A step, the change of the gradient over it, and their product.
#[derive(Debug)]
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    product: f64,
}

impl Lbfgs {
    /// Begins at a point. It ends where no component of the gradient is beyond `tolerance`.
    pub(super) fn new(start: Vec<f64>, tolerance: f64) -> Self {
        Self {
            from: None,
            trial: start,
            line: Line::default(),
            pairs: VecDeque::new(),
            tolerance,
            evaluations: 0,
            is_done: false,
        }
    }

    /// Where the function is to be evaluated next; once it is done, the minimum.
    pub(super) fn trial(&self) -> &[f64] {
        &self.trial
    }

    /// Whether nothing is to be evaluated any more.
    pub(super) fn is_done(&self) -> bool {
        self.is_done
    }

    /// The largest component of the gradient at the best point so far.
    pub(super) fn slope(&self) -> f64 {
        self.from.as_ref().map_or(f64::INFINITY, |point| largest(&point.gradient))
    }

    /// Takes value and gradient at [`Lbfgs::trial`].
    pub(super) fn take(&mut self, value: f64, gradient: Vec<f64>) {
        self.evaluations += 1;
        let Some(from) = self.from.take() else {
            let at = self.trial.clone();
            return self.begin(Point { at, value, gradient });
        };
        let line = &mut self.line;
        let slope = dot(&gradient, &line.direction);
        let falls = value <= from.value + PROMISED * line.step * line.slope;
        let is_same = value <= from.value + ROUNDING * from.value.abs();
        if !(falls || is_same && slope <= (2.0 * PROMISED - 1.0) * line.slope) {
            line.too_long = line.step;
        } else if slope < FLATTER * line.slope {
            line.too_short = line.step;
        } else {
            let step: Vec<f64> = self.trial.iter().zip(&from.at).map(|(new, old)| new - old).collect();
            let change: Vec<f64> = gradient.iter().zip(&from.gradient).map(|(new, old)| new - old).collect();
            self.remember(step, change);
            let at = self.trial.clone();
            return self.begin(Point { at, value, gradient });
        }
        line.evaluations += 1;
        if line.evaluations > MOST_ALONG || self.evaluations > MOST {
            // Rounding leaves nothing to be won along this line.
            return self.end(from);
        }
        line.step = if line.too_long.is_finite() {
            f64::midpoint(line.too_short, line.too_long)
        } else {
            2.0 * line.step
        };
        self.try_step(from);
    }

    fn remember(&mut self, step: Vec<f64>, change: Vec<f64>) {
        let product = dot(&step, &change);
        if product > f64::MIN_POSITIVE {
            if self.pairs.len() == MEMORY {
                self.pairs.pop_front();
            }
            self.pairs.push_back(Pair { step, change, product });
        }
    }

    /// Begins a line at a point, if that is no minimum.
    fn begin(&mut self, point: Point) {
        let length = largest(&point.gradient);
        if length <= self.tolerance || self.evaluations > MOST || !length.is_finite() {
            return self.end(point);
        }
        let mut direction = self.downhill(&point.gradient);
        let mut slope = dot(&direction, &point.gradient);
        if slope.is_nan() || slope >= 0.0 {
            self.pairs.clear();
            direction = self.downhill(&point.gradient);
            slope = dot(&direction, &point.gradient);
        }
        // Without a memory nothing is known of how far it is.
        let step =
            if self.pairs.is_empty() { (1.0 / dot(&direction, &direction).sqrt()).min(1.0) } else { 1.0 };
        let too_long = f64::INFINITY;
        self.line = Line { direction, slope, step, too_short: 0.0, too_long, evaluations: 0 };
        self.try_step(point);
    }

    fn try_step(&mut self, from: Point) {
        let Line { direction, step, .. } = &self.line;
        self.trial = from.at.iter().zip(direction).map(|(at, along)| at + step * along).collect();
        self.from = Some(from);
    }

    fn end(&mut self, point: Point) {
        self.trial.clone_from(&point.at);
        self.from = Some(point);
        self.is_done = true;
    }

    /// The direction that the remembered curvature says is downhill: the two-loop recursion.
    fn downhill(&self, gradient: &[f64]) -> Vec<f64> {
        let mut direction: Vec<f64> = gradient.iter().map(|slope| -slope).collect();
        let mut shares = Vec::with_capacity(self.pairs.len());
        for pair in self.pairs.iter().rev() {
            let share = dot(&pair.step, &direction) / pair.product;
            add(&mut direction, -share, &pair.change);
            shares.push(share);
        }
        if let Some(last) = self.pairs.back() {
            let scale = last.product / dot(&last.change, &last.change);
            direction.iter_mut().for_each(|along| *along *= scale);
        }
        for (pair, share) in self.pairs.iter().zip(shares.into_iter().rev()) {
            let back = dot(&pair.change, &direction) / pair.product;
            add(&mut direction, share - back, &pair.step);
        }
        direction
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(sum: &mut [f64], factor: f64, values: &[f64]) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += factor * value;
    }
}

fn largest(values: &[f64]) -> f64 {
    // Unlike `max`, this keeps what is no number.
    values.iter().fold(0.0, |most, value| if value.abs() <= most { most } else { value.abs() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minimise(start: &[f64], tolerance: f64, function: impl Fn(&[f64]) -> (f64, Vec<f64>)) -> Lbfgs {
        let mut search = Lbfgs::new(start.to_vec(), tolerance);
        while !search.is_done() {
            let (value, gradient) = function(search.trial());
            search.take(value, gradient);
        }
        search
    }

    /// Axes of very different curvature, turned so that no coordinate is one of them.
    #[test]
    fn an_ill_conditioned_bowl_is_followed_to_its_bottom() {
        let bottom = [3.0, -2.0, 0.5];
        let curvature = [1.0, 1e3, 1e6];
        let axes = [[2.0, 2.0, 1.0], [-2.0, 1.0, 2.0], [1.0, -2.0, 2.0]];
        let search = minimise(&[0.0; 3], 1e-9, |at| {
            let from: Vec<f64> = at.iter().zip(bottom).map(|(at, bottom)| at - bottom).collect();
            let (mut value, mut gradient) = (0.0, vec![0.0; 3]);
            for (axis, curvature) in axes.iter().zip(curvature) {
                let along = dot(axis, &from) / 3.0;
                value += curvature * along * along / 2.0;
                add(&mut gradient, curvature * along / 3.0, axis);
            }
            (value, gradient)
        });
        assert!(search.slope() <= 1e-9, "{}", search.slope());
        for (found, bottom) in search.trial().iter().zip(bottom) {
            assert!((found - bottom).abs() < 1e-8, "{:?}", search.trial());
        }
        assert!(search.evaluations < 200, "{}", search.evaluations);
    }

    #[test]
    fn a_minimum_stays_where_it_is_and_what_is_no_number_ends_it() {
        let search = minimise(&[1.0, 2.0], 1e-6, |_| (5.0, vec![0.0, 1e-7]));
        assert_eq!((search.trial(), search.evaluations), (&[1.0, 2.0][..], 1));
        let search = minimise(&[1.0], 1e-6, |_| (f64::NAN, vec![f64::NAN]));
        assert!(search.evaluations < 100);
    }

    /// Where rounding hides the fall of the value, the slopes still lead to the minimum.
    #[test]
    fn a_flat_bottom_on_a_high_floor_is_reached() {
        let search = minimise(&[1.0], 1e-9, |at| (1e6 + at[0] * at[0], vec![2.0 * at[0]]));
        assert!(search.slope() <= 1e-9, "{}", search.slope());
    }
}
