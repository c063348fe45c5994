package diffsvc.check;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.HashMap;
import java.util.Map;

/** Checks shapes against letters: a letter stands for one size throughout a call, a digit for itself. */
public final class Axes {
    private final String stage;
    private final Map<String, Long> sizes = new HashMap<>();
    private final Map<String, String> firstSeen = new HashMap<>();

    private Axes(String stage) {
        this.stage = stage;
    }

    /** No letter is known yet; the errors name {@code stage}. */
    public static Axes of(String stage) {
        return new Axes(stage);
    }

    /** Fixes the size of a letter beforehand: the number of mel bins of a network, for instance. */
    public Axes fix(String letter, long size) {
        sizes.put(letter, size);
        firstSeen.put(letter, "the model");
        return this;
    }

    /**
     * Requires that {@code array} has the axes of {@code letters}, separated by spaces: "B 1 M T".
     *
     * @param name of the argument, for the error
     * @throws Problem naming the argument, the wanted axes and the shape that came
     */
    public Axes require(String name, NDArray array, String letters) {
        Shape shape = array.getShape();
        String[] wanted = letters.split(" ");
        boolean fits = shape.dimension() == wanted.length;
        String clash = "";
        for (int i = 0; fits && i < wanted.length; i++) {
            String letter = wanted[i];
            long size = shape.get(i);
            if (Character.isDigit(letter.charAt(0))) {
                fits = size == Long.parseLong(letter);
            } else if (sizes.putIfAbsent(letter, size) == null) {
                firstSeen.put(letter, name);
            } else if (sizes.get(letter) != size) {
                fits = false;
                clash = " (" + letter + " is " + sizes.get(letter) + " in " + firstSeen.get(letter) + ")";
            }
        }
        if (!fits) {
            throw Problem.in(
                    stage,
                    name + " [" + letters.replace(" ", ", ") + "]" + clash,
                    shape.toString(),
                    "check the stage before this one, or transpose");
        }
        return this;
    }

    /** The size of a letter that was fixed or met before. */
    public long size(String letter) {
        return sizes.get(letter);
    }
}
