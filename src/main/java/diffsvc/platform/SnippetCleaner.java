package diffsvc.platform;

import diffsvc.check.Problem;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import jdk.jshell.EvalException;
import jdk.jshell.JShell;
import jdk.jshell.JShellException;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;
import jdk.jshell.VarSnippet;

/**
 * Follows every snippet that the kernel has evaluated and does what JShell leaves undone: a value that a cell only
 * displayed is dropped; a variable that was declared again with another type drops its old value; the text that was
 * compiled for a snippet goes (JShell keeps it twice, with all imports and names in it: some 70 kB per cell); and an
 * error of the engine is one line with a remedy.
 *
 * <p>The first three need {@link Reach#CELLS}, the last one {@link Reach#MESSAGES}.
 */
public final class SnippetCleaner {
    private static final long PAUSE_NS = 2_000_000_000L;
    private final JShell shell;
    /** Null without {@link Reach#CELLS}. */
    private final Inside inside;

    private long released = System.nanoTime();
    private final ClassLoader loader;
    /** Variables by the class that holds each, to find the ones that were left behind. */
    private final Map<String, String> holders = new LinkedHashMap<>();
    /**
     * The unnamed variable of the last expression; nothing can refer to it once the next snippet has been evaluated.
     */
    private VarSnippet displayed;

    public SnippetCleaner(JShell shell, ClassLoader loader) {
        this.shell = shell;
        this.loader = loader;
        try {
            this.inside = Reach.CELLS.works() ? Inside.find() : null;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e); // the reach has just been tried
        }
    }

    static void attempt() throws ReflectiveOperationException {
        Inside.find();
    }

    public void evaluated(SnippetEvent event) {
        long now = System.nanoTime();
        if (now - released > PAUSE_NS) { // gaps between the engine's blocks go back to the system now and then
            released = now;
            ProcessMemory.release();
        }
        Snippet snippet = event.snippet();
        if (event.exception() != null) {
            shorten(event.exception());
        }
        if (inside != null) {
            letGo(event, snippet);
        }
    }

    /** What a variable holds now; empty without {@link Reach#CELLS}, and where it holds nothing. */
    public Optional<Object> value(String variable) {
        String holder = holders.get(variable);
        if (holder == null) {
            return Optional.empty();
        }
        try {
            Field field = Class.forName(holder, false, loader).getDeclaredField(variable);
            field.setAccessible(true);
            return Optional.ofNullable(field.get(null));
        } catch (ReflectiveOperationException | LinkageError e) {
            return Optional.empty(); // the kernel has unloaded it
        }
    }

    private void letGo(SnippetEvent event, Snippet snippet) {
        slim(snippet);
        if (displayed != null && displayed != snippet && event.status() != Snippet.Status.DROPPED) {
            VarSnippet gone = displayed;
            displayed = null;
            shell.drop(gone); // or its name is imported into every later snippet
        }
        if (snippet instanceof VarSnippet variable && event.status().isDefined()) {
            if (snippet.subKind() == Snippet.SubKind.TEMP_VAR_EXPRESSION_SUBKIND) {
                clear(className(snippet), variable.name()); // the kernel has taken the value to display it
                displayed = variable;
            } else {
                String before = holders.put(variable.name(), className(snippet));
                if (before != null && !before.equals(className(snippet))) {
                    clear(before, variable.name());
                }
            }
        }
    }

    /** Sets a static field of a class that JShell wrapped a snippet in to null. */
    private void clear(String holder, String name) {
        try {
            Class<?> wrapper = Class.forName(holder, false, loader);
            Field field = wrapper.getDeclaredField(name);
            if (!field.getType().isPrimitive()) {
                field.setAccessible(true);
                field.set(null, null);
            }
        } catch (ReflectiveOperationException | LinkageError e) {
            // the kernel has unloaded it, and the value with it
        }
    }

    /**
     * Empties the text that was compiled for a snippet. Line breaks stay, because JShell counts lines to locate an
     * exception.
     */
    private void slim(Snippet snippet) {
        try {
            Object outer = inside.outer.get(snippet), wrap = outer == null ? null : inside.wrap.get(outer);
            if (wrap != null && inside.parts.getDeclaringClass().isInstance(wrap)) {
                Object[] parts = (Object[]) inside.parts.get(wrap);
                for (int i = 0; i < parts.length; i++) {
                    parts[i] = parts[i] instanceof String text
                            ? "\n".repeat((int)
                                    text.chars().filter(c -> c == '\n').count())
                            : parts[i];
                }
                inside.text.set(wrap, "");
            }
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e); // the fields were opened before
        }
    }

    /** Places inside JShell, the same in JDK 17 to 25. */
    private record Inside(Field outer, Field wrap, Field parts, Field text, Method className) {
        static Inside find() throws ReflectiveOperationException {
            Class<?> compound = Class.forName("jdk.jshell.Wrap$CompoundWrap");
            Method className = Snippet.class.getDeclaredMethod("classFullName");
            className.setAccessible(true);
            return new Inside(
                    open(Snippet.class, "outer"),
                    open(Class.forName("jdk.jshell.OuterWrap"), "w"),
                    open(compound, "os"),
                    open(compound, "wrapped"),
                    className);
        }

        private static Field open(Class<?> type, String name) throws NoSuchFieldException {
            Field field = type.getDeclaredField(name);
            field.setAccessible(true);
            return field;
        }
    }

    private String className(Snippet snippet) {
        try {
            return (String) inside.className.invoke(snippet);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e); // the method was opened before
        }
    }

    /**
     * Reduces an error of the engine to its first line: the engine appends its C++ stack, and no frame of it helps.
     * Errors of other code keep the frames that lie in cells, where the wrong line is.
     */
    private static void shorten(JShellException problem) {
        if (!(problem instanceof EvalException e)) {
            return;
        }
        String name = e.getExceptionClassName();
        StackTraceElement[] frames = e.getStackTrace();
        boolean engine = name.startsWith("ai.djl.")
                || frames.length > 0 && frames[0].getClassName().startsWith("ai.djl.");
        boolean ours = name.equals(Problem.class.getName());
        e.setStackTrace(
                engine || ours
                        ? new StackTraceElement[0]
                        : Arrays.stream(frames)
                                .filter(f -> f.getFileName() != null
                                        && f.getFileName().startsWith("#"))
                                .toArray(StackTraceElement[]::new));
        if (engine && !ours) {
            String message = String.valueOf(e.getMessage());
            int cut = message.indexOf("\nException raised from");
            String first = (cut < 0 ? message : message.substring(0, cut))
                    .lines()
                    .findFirst()
                    .orElse("");
            say(e, "tensor: " + first.replaceFirst("\\.$", "") + "; " + remedy(first));
        }
    }

    private static String remedy(String message) {
        return message.contains("closed") || message.contains("has been released")
                ? "what it belongs to was closed or cleared: make it again, or open the voice again"
                : "check the shapes of the inputs: a cell with only the variable's name shows them";
    }

    /** Replaces the message; without {@link Reach#MESSAGES} prints the line above it. */
    private static void say(Throwable problem, String line) {
        if (!Reach.MESSAGES.works()) {
            System.err.println(line);
            return;
        }
        try {
            messageField().set(problem, line);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e); // the field was opened before
        }
    }

    static Field messageField() throws NoSuchFieldException {
        Field message = Throwable.class.getDeclaredField("detailMessage");
        message.setAccessible(true);
        return message;
    }
}
