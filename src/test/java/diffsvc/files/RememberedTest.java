package diffsvc.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.files.Remembered.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RememberedTest {
    private static final Map<String, String> FACTS = Map.of("float32_ms", "2.5", "note", "two words");

    @TempDir
    Path folder;

    @Test
    void factsComeBackUnderTheirKeyAlone() {
        Remembered kept = new Remembered(folder.resolve("cache"));
        assertEquals(Optional.empty(), kept.of(Kind.MACHINE, "a machine"));
        kept.keep(Kind.MACHINE, "a machine", FACTS);
        assertEquals(Optional.of(FACTS), kept.of(Kind.MACHINE, "a machine"));
        assertEquals(Optional.empty(), kept.of(Kind.MACHINE, "another machine"));
        assertEquals(Optional.empty(), kept.of(Kind.TRIED, "a machine"));
        kept.keep(Kind.MACHINE, "a machine", Map.of("float32_ms", "3"));
        assertEquals(Optional.of(Map.of("float32_ms", "3")), kept.of(Kind.MACHINE, "a machine"));
        assertEquals(1, kept.entries().size());
    }

    @Test
    void aFileWithOneWrongByteCountsAsAbsent() throws IOException {
        Remembered kept = new Remembered(folder);
        kept.keep(Kind.TRIED, "key", FACTS);
        Path file = kept.entries().get(0).file();
        byte[] right = Files.readAllBytes(file);
        for (int i = 0; i < right.length; i++) {
            byte[] wrong = right.clone();
            wrong[i] ^= 0x41;
            Files.write(file, wrong);
            assertEquals(Optional.empty(), kept.of(Kind.TRIED, "key"), "byte " + i);
            Files.write(file, Arrays.copyOf(right, i));
            assertEquals(Optional.empty(), kept.of(Kind.TRIED, "key"), "cut at " + i);
        }
        Files.write(file, right);
        assertEquals(Optional.of(FACTS), kept.of(Kind.TRIED, "key"));
        kept.keep(Kind.TRIED, "other", FACTS);
        for (CacheFiles.Entry e : kept.entries()) {
            if (!e.file().equals(file)) {
                Files.write(e.file(), right);
            }
        }
        assertEquals(Optional.empty(), kept.of(Kind.TRIED, "other"), "whole, but of another key");
        Files.write(file, new byte[1 << 20]);
        assertEquals(Optional.empty(), kept.of(Kind.TRIED, "key"), "far too long");
        Files.delete(file);
        Files.createDirectory(file);
        assertEquals(Optional.empty(), kept.of(Kind.TRIED, "key"), "a folder");
        kept.keep(Kind.TRIED, "key", FACTS);
    }

    @Test
    void aFolderThatCannotBeMadeCostsNothingButTheRepeat() throws IOException {
        Remembered kept = new Remembered(Files.writeString(folder.resolve("cache"), "a file"));
        kept.keep(Kind.MACHINE, "key", FACTS);
        assertEquals(Optional.empty(), kept.of(Kind.MACHINE, "key"));
        assertEquals(List.of(), kept.entries());
        assertEquals("a file", Files.readString(folder.resolve("cache")));
        Remembered.NOTHING.keep(Kind.MACHINE, "key", FACTS);
        assertEquals(Optional.empty(), Remembered.NOTHING.of(Kind.MACHINE, "key"));
    }

    @Test
    void whatWasNotUsedForLongGoesAndClearLeavesTheSongs() throws IOException {
        Remembered kept = new Remembered(folder);
        Path song = Files.writeString(folder.resolve("units-" + "0".repeat(64) + ".npz"), "of a song");
        kept.keep(Kind.MACHINE, "machine", FACTS);
        kept.keep(Kind.TRIED, "first", FACTS);
        for (CacheFiles.Entry e : kept.entries()) {
            Files.setLastModifiedTime(e.file(), FileTime.fromMillis(0));
        }
        for (int i = 0; i < 200; i++) {
            kept.keep(Kind.TRIED, "network " + i, FACTS);
        }
        assertEquals(Optional.empty(), kept.of(Kind.TRIED, "first"));
        assertEquals(Optional.of(FACTS), kept.of(Kind.TRIED, "network 0"));
        assertEquals(Optional.of(FACTS), kept.of(Kind.MACHINE, "machine"), "another kind");
        kept.clear();
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(List.of(song), left.toList());
        }
        assertTrue(Files.exists(song));
        assertFalse(kept.of(Kind.MACHINE, "machine").isPresent());
    }
}
