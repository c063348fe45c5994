package diffsvc.notebook;

import ai.djl.ndarray.NDArray;
import diffsvc.audio.Wave;
import diffsvc.evaluate.CheckpointRanking;
import diffsvc.evaluate.Evaluation;
import diffsvc.evaluate.Sound;
import diffsvc.evaluate.StageLosses;
import diffsvc.evaluate.Target;
import diffsvc.hparams.ProjectPaths;
import diffsvc.inside.Explorer;
import diffsvc.platform.EngineExit;
import diffsvc.platform.JavadocSources;
import diffsvc.platform.KernelParts;
import diffsvc.platform.Reach;
import diffsvc.platform.SnippetCleaner;
import diffsvc.plot.HtmlParts;
import diffsvc.plot.Picture;
import diffsvc.tensor.Summary;
import diffsvc.voice.Conversion;
import diffsvc.voice.Stages;
import diffsvc.voice.Tapped;
import diffsvc.voice.Taps;
import diffsvc.voice.Voice;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import jdk.jshell.JShell;
import jdk.jshell.VarSnippet;
import org.dflib.jjava.jupyter.Extension;
import org.dflib.jjava.jupyter.channels.JupyterConnection;
import org.dflib.jjava.jupyter.kernel.BaseKernel;
import org.dflib.jjava.jupyter.kernel.ReplacementOptions;
import org.dflib.jjava.jupyter.kernel.display.DisplayData;
import org.dflib.jjava.jupyter.kernel.display.RenderContext;
import org.dflib.jjava.jupyter.kernel.display.Renderer;
import org.dflib.jjava.jupyter.kernel.display.mime.MIMEType;
import org.dflib.jjava.jupyter.messages.reply.CompleteReply;
import org.dflib.jjava.jupyter.messages.reply.InspectReply;
import org.dflib.jjava.jupyter.messages.request.CompleteRequest;
import org.dflib.jjava.jupyter.messages.request.InspectRequest;
import org.knowm.xchart.internal.chartpart.Chart;
import tech.tablesaw.api.Table;

/**
 * Found by the kernel on the class path. Displays a tensor as a line and a small picture; records, maps and lists of
 * tensors, Tablesaw's tables and what judges said as tables; waves as players, pictures and XChart's charts as PNG, and
 * bars that grow in place; imports what every notebook uses; answers Shift+Tab ({@link Inspector}); prints
 * {@link Hints}; and drops what a cell only displayed ({@link SnippetCleaner}).
 */
public final class KernelExtension implements Extension {
    /** The imports of a notebook and of ./diffsvc jshell. */
    public static final String IMPORTS = String.join(
            "\n",
            "import ai.djl.ndarray.*;",
            "import ai.djl.ndarray.types.*;",
            "import diffsvc.audio.*;",
            "import diffsvc.check.*;",
            "import diffsvc.checkpoint.*;",
            "import diffsvc.conds.*;",
            "import diffsvc.conds.crepe.*;",
            "import diffsvc.conds.hubert.*;",
            "import diffsvc.conds.mel.*;",
            "import diffsvc.conds.pitchextractor.*;",
            "import diffsvc.conds.praat.*;",
            "import diffsvc.conds.whisper.*;",
            "import diffsvc.dataset.*;",
            "import diffsvc.diffusion.*;",
            "import diffsvc.diffusion.embedding.*;",
            "import diffsvc.diffusion.wavenet.*;",
            "import diffsvc.evaluate.*;",
            "import diffsvc.export.*;",
            "import diffsvc.files.*;",
            "import diffsvc.hparams.*;",
            "import diffsvc.infer.*;",
            "import diffsvc.inside.*;",
            "import diffsvc.memory.*;",
            "import diffsvc.notebook.*;",
            "import diffsvc.platform.*;",
            "import diffsvc.plot.*;",
            "import diffsvc.progress.*;",
            "import diffsvc.random.*;",
            "import diffsvc.tensor.*;",
            "import diffsvc.training.*;",
            "import diffsvc.vocoder.*;",
            "import diffsvc.voice.*;",
            "import static diffsvc.voice.Steps.step;",
            "import static diffsvc.voice.Steps.steps;",
            "import java.nio.file.*;",
            "import java.util.*;",
            "import tech.tablesaw.api.*;");

    /** Methods that a cell and JShell call without a class: start.jsh has the same. */
    static final String METHODS = String.join(
            "\n",
            "void show(Object... things) { Display.show(things); }",
            "void show(Map<String, Wave> waves) { Display.show(waves); }",
            "class workbench { static Explorer explore(Conversion... c) { return Workbench.explore(c); } }",
            "void help() { System.out.print(Help.page()); }");

    private static final List<Class<?>> NUMBERS = List.of(
            float[].class,
            float[][].class,
            double[].class,
            double[][].class,
            int[].class,
            long[].class,
            short[].class,
            boolean[].class);

    /** Adds all this to the kernel, which calls it once, before the first cell. */
    @Override
    public void install(BaseKernel kernel) {
        EngineExit.withoutDestructors();
        Renderer renderer = kernel.getRenderer();
        renderer.createRegistration(NDArray.class).preferring("text/html").register((array, out) -> {
            out.renderIfRequested(MIMEType.TEXT_HTML, () -> Html.tensor(array));
            out.getOutputContainer()
                    .putText(Summary.of(array)
                            .toString()); // for front ends without HTML; the engine's own text is a wall of numbers
        });
        renderer.createRegistration(Record.class).preferring("text/html").register((values, out) -> {
            Map<String, Object> parts = Html.components(values);
            if (Html.hold(parts)) {
                out.renderIfRequested(
                        MIMEType.TEXT_HTML, () -> Html.tensors(values.getClass().getSimpleName(), parts));
                out.getOutputContainer().putText(Html.text(parts));
            } else if (Html.isLong(values)) {
                out.renderIfRequested(MIMEType.TEXT_HTML, () -> Html.settings(values));
                out.getOutputContainer().putText(Html.settingsText(values));
            }
        });
        renderer.createRegistration(Map.class).preferring("text/html").register(KernelExtension::several);
        renderer.createRegistration(Collection.class).preferring("text/html").register(KernelExtension::several);
        for (Class<?> numbers : NUMBERS) {
            renderer.createRegistration(numbers)
                    .preferring("text/plain")
                    .register((values, out) -> out.getOutputContainer().putText(Html.shortened(values)));
        }
        html(renderer, Explorer.class, Html::explorer);
        html(renderer, Taps.class, taps -> HtmlParts.table(taps.table()));
        html(renderer, Tapped.class, Html::tapped);
        html(renderer, Stages.class, stages -> Html.tensors("", stages.values()));
        html(renderer, Wave.class, HtmlParts::player);
        html(renderer, Display.Players.class, players -> HtmlParts.players(players.waves()));
        renderer.createRegistration(Picture.class)
                .preferring("image/png")
                .register((picture, out) ->
                        out.renderIfRequested(MIMEType.IMAGE_PNG, () -> HtmlParts.base64(picture.png())));
        renderer.createRegistration(Chart.class).preferring("image/png").register((chart, out) -> {
            out.renderIfRequested(
                    MIMEType.IMAGE_PNG, () -> HtmlParts.base64(Picture.of(chart).png()));
            out.getOutputContainer().putText(Picture.of(chart).toString());
        });
        html(renderer, ProgressBar.Bar.class, ProgressBar.Bar::html);
        html(renderer, Evaluation.class, Verdict::html);
        html(renderer, CheckpointRanking.class, Verdict::html);
        html(renderer, StageLosses.class, Verdict::html);
        html(renderer, Target.class, Verdict::html);
        html(renderer, Sound.class, Verdict::html);
        html(renderer, Table.class, HtmlParts::table);
        listen(kernel);
        for (String line : IMPORTS.split("\n")) {
            kernel.evalRaw(line);
        }
        for (String line : METHODS.split("\n")) {
            kernel.evalRaw(line);
        }
    }

    /** Values of this type are HTML; front ends without it show their own text. */
    private static <T> void html(Renderer renderer, Class<T> type, Function<T, String> html) {
        renderer.createRegistration(type)
                .preferring("text/html")
                .register((value, out) -> out.renderIfRequested(MIMEType.TEXT_HTML, () -> html.apply(value)));
    }

    /** A map or list of tensors is a table, one of waves players side by side; others stay text. */
    private static void several(Object things, RenderContext out) {
        Map<String, Object> entries = Html.entries(things);
        if (Html.hold(entries)) {
            out.renderIfRequested(MIMEType.TEXT_HTML, () -> Html.tensors("", entries));
            out.getOutputContainer().putText(Html.text(entries));
        } else if (!entries.isEmpty() && entries.values().stream().allMatch(Wave.class::isInstance)) {
            Map<String, Wave> waves = new LinkedHashMap<>();
            entries.forEach((name, wave) -> waves.put(name, (Wave) wave));
            out.renderIfRequested(MIMEType.TEXT_HTML, () -> HtmlParts.players(waves));
        }
    }

    private static void listen(BaseKernel kernel) {
        JavadocSources.register();
        if (!Reach.KERNEL.works()) {
            return;
        }
        try {
            KernelParts parts = KernelParts.of(kernel);
            SnippetCleaner cleaner = new SnippetCleaner(parts.shell(), parts.loader());
            parts.shell().onSnippetEvent(cleaner::evaluated);
            parts.shell().onSnippetEvent(new Hints(parts.shell(), parts.loader())::evaluated);
            Inspector inspector = new Inspector(parts.shell().sourceCodeAnalysis());
            Thread waits = new Thread(
                    () -> answer(kernel, inspector, () -> taps(parts.shell(), cleaner)), "Tab and Shift+Tab");
            waits.setDaemon(true);
            waits.start();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e); // the reach has just been tried
        }
    }

    /** The taps of the voice that the newest variable of the cells leads to. */
    private static List<String> taps(JShell shell, SnippetCleaner cleaner) {
        List<String> names = List.of();
        for (VarSnippet variable : shell.variables().toList()) {
            Object value = cleaner.value(variable.name()).orElse(null);
            Voice voice = value instanceof Voice open
                    ? open
                    : value instanceof Workbench bench
                            ? bench.voice()
                            : value instanceof Conversion c ? c.voice() : null;
            names = voice == null ? names : voice.taps().names();
        }
        return names;
    }

    /**
     * Takes the place of the kernel's own answers to Shift+Tab, which finds a method only right behind its parenthesis,
     * and to Tab, which offers class names inside a string. Extensions are installed before the kernel has a
     * connection, so this waits for it.
     */
    private static void answer(BaseKernel kernel, Inspector inspector, Supplier<List<String>> taps) {
        try {
            JupyterConnection connection = null;
            for (int i = 0; connection == null && i < 600; i++) {
                Thread.sleep(50);
                connection = (JupyterConnection) KernelParts.connection();
            }
            if (connection != null) {
                Completion completion = new Completion(ProjectPaths.find(), taps);
                connection.setHandler(CompleteRequest.MESSAGE_TYPE, (environment, message) -> {
                    environment.setBusyDeferIdle();
                    CompleteRequest request = message.getContent();
                    environment.reply(completed(kernel, completion, request.getCode(), request.getCursorPos()));
                });
                connection.setHandler(InspectRequest.MESSAGE_TYPE, (environment, message) -> {
                    environment.setBusyDeferIdle();
                    InspectRequest request = message.getContent();
                    String code = request.getCode();
                    DisplayData data = new DisplayData();
                    Optional<Inspector.Answer> answer;
                    try { // the front end counts code points
                        int cursor = code.offsetByCodePoints(
                                0, Math.min(request.getCursorPos(), code.codePointCount(0, code.length())));
                        answer = inspector.at(code, cursor);
                    } catch (
                            RuntimeException e) { // JShell may stumble over half-written code; then there is no tooltip
                        answer = Optional.empty();
                    }
                    answer.ifPresent(a -> {
                        data.putText(a.text());
                        data.putHTML(a.html());
                    });
                    environment.reply(new InspectReply(answer.isPresent(), data));
                });
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e); // the reach has just been tried
        }
    }

    /** The front end counts code points, the kernel UTF-16. */
    private static CompleteReply completed(BaseKernel kernel, Completion completion, String code, int position) {
        int cursor = code.offsetByCodePoints(0, Math.min(position, code.codePointCount(0, code.length())));
        Optional<Completion.Options> inString = completion.inString(code, cursor);
        List<String> texts = List.of();
        int start = cursor, end = cursor;
        if (inString.isPresent()) {
            texts = inString.get().texts();
            start = inString.get().start();
            end = inString.get().end();
        } else {
            try {
                ReplacementOptions own = kernel.complete(code, cursor);
                if (own != null) {
                    texts = Completion.useful(own.getReplacements());
                    start = own.getSourceStart();
                    end = own.getSourceEnd();
                }
            } catch (RuntimeException e) {
                // JShell may stumble over half-written code; then Tab offers nothing
            }
        }
        return new CompleteReply(texts, code.codePointCount(0, start), code.codePointCount(0, end), Map.of());
    }
}
