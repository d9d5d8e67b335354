pub(super) fn run(_:&impl Sized,_:&super::cli::GlobalArgs)->Result<(),super::Failure>{Ok(())}
