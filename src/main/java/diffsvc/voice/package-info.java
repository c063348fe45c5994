/** Where the files of a voice lie, and whether they belong together. */
package diffsvc.voice;
