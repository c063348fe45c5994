/**
 * Randomness as an argument: {@link diffsvc.random.Noise} draws from (seed, purpose, index), never from hidden state.
 */
package diffsvc.random;
