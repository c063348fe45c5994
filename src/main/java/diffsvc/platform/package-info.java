/**
 * The machine and the insides of other software: memory and processor of this process, the lock of the engine, and
 * everything that uses private parts of DJL, JShell, the Java kernel or the C library. Each such
 * {@link diffsvc.platform.Reach} has a self-test, and the workbench works without it.
 */
package diffsvc.platform;
