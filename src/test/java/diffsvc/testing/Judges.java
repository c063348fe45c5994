package diffsvc.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import diffsvc.evaluate.JudgeKind;
import diffsvc.hparams.ProjectPaths;

/** The judges of this checkout, whose weights {@code ./diffsvc test} fetches. */
public final class Judges {
    private Judges() {}

    /** Skips the test where a judge is absent on a person's machine; in CI that is a failure. */
    public static void require(Iterable<JudgeKind> kinds) {
        for (JudgeKind kind : kinds) {
            String missing = kind.missing(ProjectPaths.find());
            assumeTrue(missing.isEmpty() || System.getenv("CI") != null, missing);
            assertEquals("", missing);
        }
    }
}
