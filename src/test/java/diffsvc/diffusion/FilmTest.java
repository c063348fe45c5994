package diffsvc.diffusion;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Problem;
import diffsvc.hparams.Hparams;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which guesses are kept, and that they outlive the loop. */
class FilmTest {
    private static final MelRange RANGE = MelRange.of(Hparams.defaults().noise());

    private static List<Integer> kept(Film film) {
        return film.guesses().keySet().stream()
                .map(n -> Integer.parseInt(n.replaceAll(".* step (\\d+) of.*", "$1")))
                .toList();
    }

    private static void walk(NDManager m, Film film, int steps) {
        for (int i = 1; i <= steps; i++) {
            try (NDManager step = m.newSubManager()) {
                NDArray x0 = step.full(new Shape(1, 1, 2, 3), (float) i / steps);
                film.after(i, steps, 0, new Sampler.Step(x0, x0, x0, Sampler.Past.NONE));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"200, 6", "20, 6", "51, 4", "7, 2", "1000, 9"})
    void theFirstTheLastAndEvenlyBetween(int steps, int frames) {
        try (NDManager m = NDManager.newBaseManager()) {
            Film film = new Film(m, RANGE, frames);
            walk(m, film, steps);
            List<Integer> kept = kept(film);
            assertEquals(frames, kept.size());
            assertEquals(1, kept.get(0));
            assertEquals(steps, kept.get(frames - 1));
            List<Integer> gaps = new ArrayList<>();
            for (int i = 1; i < frames; i++) {
                gaps.add(kept.get(i) - kept.get(i - 1));
            }
            gaps.sort(null);
            assertTrue(gaps.get(gaps.size() - 1) - gaps.get(0) <= 1, kept.toString());
        }
    }

    @ParameterizedTest
    @CsvSource({"1", "2", "5", "6"})
    void allWhereThereAreFewerSteps(int steps) {
        try (NDManager m = NDManager.newBaseManager()) {
            Film film = new Film(m, RANGE, 6);
            walk(m, film, steps);
            assertEquals(IntStream.rangeClosed(1, steps).boxed().toList(), kept(film));
        }
    }

    @Test
    void guessesOutliveTheStepAreMelsAndASecondWalkBeginsAnew() {
        try (NDManager m = NDManager.newBaseManager()) {
            Film film = new Film(m, RANGE, 2);
            walk(m, film, 9);
            walk(m, film, 3);
            assertEquals(List.of(1, 3), kept(film));
            NDArray last = film.guesses().get("x0 after step 3 of 3");
            assertEquals(new Shape(1, 3, 2), last.getShape());
            assertEquals(0, last.max().getFloat(), 1e-6, "x0 of 1 is the loudest of a range from -5 to 0");
        }
    }

    @Test
    void oneFrameIsNoFilm() {
        assertTrue(assertThrows(Problem.class, () -> new Film(null, RANGE, 1))
                .getMessage()
                .contains("2 frames or more"));
    }
}
