package diffsvc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** A command run in this process, and what it said. */
record Command(List<String> args, int code, String out, String err) {
    static Command run(String... args) {
        PrintStream out = System.out, err = System.err;
        ByteArrayOutputStream said = new ByteArrayOutputStream(), complained = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(said, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(complained, true, StandardCharsets.UTF_8));
            int code = Main.run(args);
            return new Command(
                    Arrays.asList(args),
                    code,
                    said.toString(StandardCharsets.UTF_8),
                    complained.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    /** Exit code 2 and one sentence without a stack. */
    Command refused(String... words) {
        assertEquals(2, code, args + ": " + out + err);
        String sentence = err.lines()
                .filter(line -> !line.isBlank() && !line.contains("%"))
                .reduce("", (a, b) -> a + b + "\n")
                .strip();
        assertEquals(1, sentence.lines().count(), args + " says one sentence: " + err);
        assertFalse(sentence.contains("Exception") || sentence.contains("\tat "), sentence);
        for (String word : words) {
            assertTrue(sentence.contains(word), args + ": '" + word + "' in: " + sentence);
        }
        return this;
    }

    Command done(String... words) {
        assertEquals(0, code, args + ": " + err);
        for (String word : words) {
            assertTrue(out.contains(word), args + ": '" + word + "' in: " + out);
        }
        return this;
    }

    /** The same, and a word that must not be printed. */
    Command without(String word) {
        assertFalse(out.contains(word) || err.contains(word), args + ": no '" + word + "' in: " + out + err);
        return this;
    }
}
