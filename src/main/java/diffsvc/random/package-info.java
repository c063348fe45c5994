/**
 * Random numbers from an explicit source. In: a seed, a purpose and an index, or one stream in the Python project's
 * order. Out: arrays of normal or uniform numbers. Read {@link diffsvc.random.RandomSource}, then
 * {@link diffsvc.random.KeyedRandom}.
 */
package diffsvc.random;
