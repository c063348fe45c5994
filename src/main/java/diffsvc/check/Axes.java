package diffsvc.check;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.HashMap;
import java.util.Map;

/** Checks shapes against letters: a letter is one size throughout a call, a number is that number. */
public final class Axes {
    private final String stage;
    private final Map<String, Long> sizes = new HashMap<>();
    private final Map<String, String> firstSeen = new HashMap<>();

    private Axes(String stage) {
        this.stage = stage;
    }

    /**
     * A fresh set of letters for one call of a stage.
     *
     * @param stage who asks
     * @return no letter known yet
     */
    public static Axes of(String stage) {
        return new Axes(stage);
    }

    /**
     * Fixes a letter beforehand, the number of mel bins of a network for instance.
     *
     * @param letter of the axes
     * @param size of it
     * @return itself
     */
    public Axes fix(String letter, long size) {
        sizes.put(letter, size);
        firstSeen.put(letter, "the model");
        return this;
    }

    /**
     * Asks that {@code array} has the axes of {@code letters}, "B 1 M T" for instance.
     *
     * @param name of the argument, for the error
     * @param array whose axes are asked
     * @param letters with spaces between
     * @return itself, for the next question
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

    /**
     * The size a letter has taken.
     *
     * @param letter of the axes
     * @return as first seen
     */
    public long size(String letter) {
        return sizes.get(letter);
    }
}
