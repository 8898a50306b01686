//! Tables of radial functions that were made before, for descriptors that need the same.
//!
//! A table depends on few parameters and on nothing that happened before: whether it is found here or made again, it is
//! the same to the last bit.

use std::sync::{Arc, Mutex, TryLockError};

use crate::{Error, memory};

/// Memory that the tables of one cache may take, in bytes: some hundred tables of common size.
const MOST_BYTES: usize = 32 << 20;

/// Tables `T`, known by the parameters `K` that they depend on; those that were not asked for longest go first.
pub struct TableCache<K, T> {
    /// Locked for as long as it takes to look, and never waited for: a child of `fork` may find it locked for ever.
    kept: Mutex<Vec<Kept<K, T>>>,
}

struct Kept<K, T> {
    key: K,
    bytes: usize,
    table: Arc<T>,
}

impl<K: PartialEq, T> TableCache<K, T> {
    /// Without a table.
    pub const fn new() -> Self {
        Self { kept: Mutex::new(Vec::new()) }
    }

    /// The table for these parameters, made by `make` if it is not here. One of more than `bytes` says is not kept, nor
    /// is anything if `make` fails.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn get(
        &self,
        key: K,
        bytes: impl FnOnce(&T) -> usize,
        make: impl FnOnce() -> Result<T, Error>,
    ) -> Result<Arc<T>, Error> {
        if let Some(found) = self.look(|kept| find(kept, &key)).flatten() {
            return Ok(found);
        }
        let table = Arc::new(make()?);
        let entry = Kept { key, bytes: bytes(&table), table: table.clone() };
        // What is dropped is dropped after the lock.
        let dropped = self.look(|kept| insert(kept, entry));
        drop(dropped);
        Ok(table)
    }

    /// Looks at the tables, unless somebody else does just now.
    fn look<R>(&self, with: impl FnOnce(&mut Vec<Kept<K, T>>) -> R) -> Option<R> {
        match self.kept.try_lock() {
            Ok(mut kept) => Some(with(&mut kept)),
            Err(TryLockError::Poisoned(poisoned)) => Some(with(&mut poisoned.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// The table of this key, which becomes the last to go.
fn find<K: PartialEq, T>(kept: &mut [Kept<K, T>], key: &K) -> Option<Arc<T>> {
    let place = kept.iter().position(|entry| entry.key == *key)?;
    kept[place..].rotate_left(1);
    kept.last().map(|entry| entry.table.clone())
}

/// Puts a table last, and returns those that have to go.
fn insert<K: PartialEq, T>(kept: &mut Vec<Kept<K, T>>, entry: Kept<K, T>) -> Vec<Kept<K, T>> {
    let known = find(kept, &entry.key).is_some();
    if known || entry.bytes > MOST_BYTES || memory::reserve("list of tables", kept, 1).is_err() {
        return vec![entry];
    }
    let mut bytes = entry.bytes + kept.iter().map(|entry| entry.bytes).sum::<usize>();
    kept.push(entry);
    let too_many = kept.iter().take_while(|entry| {
        let goes = bytes > MOST_BYTES;
        bytes -= if goes { entry.bytes } else { 0 };
        goes
    });
    let n_gone = too_many.count();
    kept.drain(..n_gone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    /// Asks for a table that is its own key, of this size, and says whether it had to be made.
    fn ask(cache: &TableCache<u32, u32>, key: u32, bytes: usize) -> bool {
        let mut made = false;
        let table = cache.get(
            key,
            |_| bytes,
            || {
                made = true;
                Ok(key)
            },
        );
        assert_eq!(*table.expect("nothing fails"), key);
        made
    }

    #[test]
    fn a_table_is_made_once_until_there_are_too_many() {
        let cache = TableCache::new();
        assert!((0..32).all(|key| ask(&cache, key, MIB)));
        assert!((0..32).all(|key| !ask(&cache, key, MIB)));
        // The first was asked for longest ago, but not once more.
        assert!(!ask(&cache, 0, MIB));
        assert!(ask(&cache, 32, MIB));
        assert!(!ask(&cache, 0, MIB));
        assert!(ask(&cache, 1, MIB));
        // A large one takes the place of several, and one that is too large that of none.
        assert!(ask(&cache, 40, 30 * MIB));
        assert!(!ask(&cache, 1, MIB) && !ask(&cache, 0, MIB) && ask(&cache, 5, MIB));
        assert!(ask(&cache, 50, 33 * MIB) && ask(&cache, 50, 33 * MIB));
        assert!(!ask(&cache, 5, MIB));
    }

    #[test]
    fn what_failed_leaves_nothing() {
        let cache: TableCache<u32, u32> = TableCache::new();
        assert_eq!(cache.get(1, |_| 1, || Err(Error::Interrupted)).map(|table| *table), Err(Error::Interrupted));
        assert!(ask(&cache, 1, 1));
        assert!(!ask(&cache, 1, 1));
    }

    #[test]
    fn nobody_waits_for_the_lock() {
        let cache = TableCache::new();
        assert!(ask(&cache, 1, 1));
        let held = cache.kept.lock();
        assert!(ask(&cache, 1, 1) && ask(&cache, 2, 1));
        drop(held);
        assert!(!ask(&cache, 1, 1) && ask(&cache, 2, 1));
    }

    #[test]
    fn threads_that_ask_at_once_get_the_same() {
        let cache = TableCache::new();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    (0..2000).for_each(|k| {
                        ask(&cache, k % 50, MIB);
                    });
                });
            }
        });
        let kept = cache.kept.lock().expect("no thread has panicked");
        assert!(kept.iter().map(|entry| entry.bytes).sum::<usize>() <= MOST_BYTES);
        assert!(kept.iter().all(|entry| entry.key == *entry.table));
    }
}
