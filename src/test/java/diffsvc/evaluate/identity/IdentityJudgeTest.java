package diffsvc.evaluate.identity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import diffsvc.audio.Wave;
import diffsvc.evaluate.Figure;
import diffsvc.evaluate.Sound;
import diffsvc.evaluate.Subject;
import diffsvc.evaluate.Target;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which figures there are, and what they are made of; the network is a random one. */
class IdentityJudgeTest {
    private final IdentityJudge judge = IdentityJudge.random(new SpeakerEncoder.Sizes(5, 4, 2, 6), 1);

    @AfterEach
    void close() {
        judge.close();
    }

    private static Sound sound(long seed, double level) {
        Random random = new Random(seed);
        float[] x = new float[20_000];
        double last = 0;
        for (int i = 0; i < x.length; i++) {
            last = 0.2 * seed * last + random.nextGaussian(); // another colour for each seed
            x[i] = (float) (level * last);
        }
        return Sound.of("sound " + seed, Wave.mono(x, Sound.RATE_HZ));
    }

    private List<String> names(Subject subject) {
        return judge.judge(subject).stream().map(Figure::name).toList();
    }

    @Test
    void aFigureWhoseComparisonIsMissingIsLeftOut() {
        Subject subject = Subject.of(sound(1, 0.1));
        assertEquals(List.of(), names(subject));
        assertEquals(List.of("similarity"), names(subject.towards(new Target("two", List.of(sound(2, 0.1))))));
        assertEquals(
                List.of("similarity", "similarity-source", "identity"),
                names(subject.towards(new Target("two", List.of(sound(2, 0.1)))).against(sound(3, 0.1), 0)));
    }

    @Test
    void theFiguresAreCosinesAndTheirDifference() {
        Sound output = sound(1, 0.1), source = sound(4, 0.1);
        Target target = new Target("both", List.of(sound(2, 0.1), sound(3, 0.1)));
        List<Figure> figures = judge.judge(Subject.of(output).towards(target).against(source, 0));
        double to = figures.get(0).value(), from = figures.get(1).value();
        assertEquals(judge.embedding(output).cosine(judge.embedding(target)), to);
        assertEquals(judge.embedding(output).cosine(judge.embedding(source)), from);
        assertEquals(to - from, figures.get(2).value());
    }

    @Test
    void aTargetIsTheDirectionOfTheMeanAndIsMadeOnce() {
        Sound one = sound(2, 0.1), two = sound(3, 0.1);
        Target target = new Target("both", List.of(one, two));
        float[] a = judge.embedding(one).values(), b = judge.embedding(two).values(), mean = new float[a.length];
        double squares = 0;
        for (int i = 0; i < a.length; i++) {
            mean[i] = (a[i] + b[i]) / 2;
            squares += mean[i] * mean[i];
        }
        Embedding ours = judge.embedding(target);
        for (int i = 0; i < a.length; i++) {
            assertEquals(mean[i] / Math.sqrt(squares), ours.values()[i], 1e-6, "float32");
        }
        assertSame(ours, judge.embedding(target));
        assertSame(judge.embedding(one), judge.embedding(one));
    }

    @Test
    void silenceHasNoFigure() {
        Target target = new Target("two", List.of(sound(2, 0.1)));
        for (Figure f : judge.judge(Subject.of(sound(1, 0)).towards(target).against(sound(3, 0.1), 0))) {
            assertEquals(Double.NaN, f.value(), f.name());
        }
        List<Figure> silentSource =
                judge.judge(Subject.of(sound(1, 0.1)).towards(target).against(sound(3, 0), 0));
        assertEquals(false, Double.isNaN(silentSource.get(0).value()));
        assertEquals(Double.NaN, silentSource.get(2).value());
    }
}
