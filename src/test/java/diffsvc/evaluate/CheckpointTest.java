package diffsvc.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.check.Problem;
import diffsvc.hparams.ProjectPaths;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {
    @Test
    void aVoiceWithOnePairHasOneCheckpoint() {
        List<Checkpoint> all = Checkpoint.of(ProjectPaths.find(), "demo");
        assertEquals(1, all.size());
        assertEquals(Checkpoint.Kind.VOICE, all.get(0).weights());
        assertEquals("step " + all.get(0).step(), all.get(0).toString());
    }

    @Test
    void aProjectThatIsNotThereIsRefusedByName(@TempDir Path home) {
        Problem e = assertThrows(Problem.class, () -> Checkpoint.of(new ProjectPaths(home), "nobody"));
        assertTrue(e.getMessage().contains("need a voice or the checkpoints of its training"), e.getMessage());
    }
}
