package diffsvc.diffusion;

/** A sampler that adds fresh noise in its steps. It is made with the source of that noise. */
public interface Stochastic extends Sampler {
    /** Where the noise of each step comes from; with a seeded source a step repeats exactly. */
    Draw draw();
}
