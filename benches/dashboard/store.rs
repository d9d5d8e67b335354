//! A store as a busy site has it after some years.

use std::path::Path;

use cxr_triage::store::Store;

/// Writes so many studies, as plain rows. All have been looked at, so that the pipeline of the real program
/// has nothing to promote.
pub(crate) fn fill(path: &Path, studies: usize) {
    drop(Store::open(path).unwrap());
    let connection = rusqlite::Connection::open(path).unwrap();
    let rows = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {studies})
         INSERT INTO studies (id, key, patient_id, patient_name, accession_number, description, view, file_name,
            study_time, first_arrival, last_arrival, complete, scored_films, severity, assessed, score, top,
            status, status_by, status_at, acknowledged_by, acknowledged_at, model, revision)
         SELECT i, '1.2.826.0.1.3680043.8.498.' || (i * 7919 % 1000003) || '.' || i,
            'P' || (i * 104729 % 900007), 'FAMILY' || (i % 9973) || '^GIVEN' || (i % 773), 'A' || i,
            'CHEST PORTABLE', CASE i % 2 WHEN 0 THEN 'PA' ELSE 'AP' END, 'film_' || i || '.dcm',
            '2026-03-02T13:30:00', (strftime('%s', 'now') - i * 37) * 1000000,
            (strftime('%s', 'now') - i * 37) * 1000000, 1, 1,
            CASE WHEN i % 50 = 0 THEN 'critical' WHEN i % 5 = 0 THEN 'urgent' ELSE 'routine' END,
            CASE WHEN i % 50 = 0 THEN 'critical' WHEN i % 5 = 0 THEN 'urgent' ELSE 'routine' END,
            (i * 7907 % 10007) / 10007.0,
            CASE i % 4 WHEN 0 THEN 'Effusion' WHEN 1 THEN 'Mass' WHEN 2 THEN 'Pneumothorax' ELSE 'Cardiomegaly' END,
            CASE i % 3 WHEN 0 THEN 'claimed' ELSE 'seen' END, CASE i % 3 WHEN 0 THEN 'anna' ELSE 'ben' END, 1,
            CASE WHEN i % 50 = 0 THEN 'anna' END, CASE WHEN i % 50 = 0 THEN 1 END, 'starter', i
         FROM n"
    );
    connection.execute_batch(&rows).unwrap();
}
