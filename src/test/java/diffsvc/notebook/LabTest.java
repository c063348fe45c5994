package diffsvc.notebook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import diffsvc.testing.Browser;
import diffsvc.testing.Watched;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * JupyterLab in a real browser: opens a notebook, runs all of it, and looks at what is in the page. Screenshots go to
 * target/screenshots, or with {@code -Dscreenshots=docs} to where the README takes them from.
 */
@Tag("browser")
class LabTest {
    private static final Path ROOT = Path.of("").toAbsolutePath(), JUPYTER = ROOT.resolve(".venv/bin/jupyter");

    @TempDir
    Path folder;

    private Watched lab;
    private Browser browser;
    private int port;

    @BeforeEach
    void start() throws IOException, InterruptedException {
        boolean ci = System.getenv("CI") != null,
                kernel = Files.exists(ROOT.resolve(".venv/share/jupyter/kernels/diffsvc/kernel.json"));
        assumeTrue(
                Browser.program() != null || ci,
                "no Chromium on this machine: install it (Debian: apt-get install chromium), or name it in CHROMIUM");
        assertTrue(Browser.program() != null, "Chromium, which .ci/run needs");
        assumeTrue(kernel || ci, "no Jupyter environment in .venv: ./diffsvc test makes it");
        Path notebooks = Files.createDirectories(folder.resolve("notebooks"));
        for (String name : List.of("01_forward_test", "02_infer_test")) {
            Files.copy(
                    ROOT.resolve("notebooks").resolve(name + ".ipynb"),
                    notebooks.resolve(name + ".ipynb"),
                    StandardCopyOption.REPLACE_EXISTING);
        }
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        ProcessBuilder builder = new ProcessBuilder(
                JUPYTER.toString(),
                "lab",
                "--no-browser",
                "--allow-root",
                "--ip=127.0.0.1",
                "--port=" + port,
                "--ServerApp.port_retries=0",
                "--IdentityProvider.token=",
                "--notebook-dir=" + notebooks,
                "--LabApp.expose_app_in_browser=True");
        builder.environment().put("FAST", "1");
        builder.environment()
                .put("JUPYTER_PATH", ROOT.resolve(".venv/share/jupyter").toString());
        builder.environment()
                .put("JUPYTERLAB_SETTINGS_DIR", folder.resolve("settings").toString());
        builder.environment()
                .put("JUPYTERLAB_WORKSPACES_DIR", folder.resolve("workspaces").toString());
        lab = new Watched(builder.directory(notebooks.toFile()));
        browser = new Browser(Files.createDirectories(folder.resolve("profile")), 1280, 1000);
    }

    @AfterEach
    void end() throws IOException, InterruptedException {
        if (browser != null) {
            Files.createDirectories(ROOT.resolve("target/screenshots"));
            browser.screenshot(ROOT.resolve("target/screenshots/at-the-end.png")); // to see what a failure looked like
            browser.close();
        }
        if (lab != null) {
            lab.close();
            lab.end();
        }
    }

    /** The README's screenshots are of two notebooks; without them one is enough, since NotebookTest runs all. */
    static List<String> names() {
        return System.getProperty("screenshots") == null
                ? List.of("01_forward_test")
                : List.of("01_forward_test", "02_infer_test");
    }

    @ParameterizedTest
    @MethodSource("names")
    void runsInTheBrowser(String name) throws IOException, InterruptedException {
        lab.until("is running at");
        browser.open("http://127.0.0.1:" + port + "/lab/tree/" + name + ".ipynb?reset");
        browser.until("document.querySelectorAll('.jp-Notebook .jp-CodeCell').length > 3");
        // full windowing leaves cells that are not in view out of the page; then nothing could be counted
        browser.until("!!window.jupyterapp && !!(" + PANEL + ")");
        browser.until("(" + PANEL + ").sessionContext.session?.kernel?.connectionStatus === 'connected'");
        command("notebook:clear-all-cell-outputs");
        browser.until(NOTEBOOK + ".widgets.every(c => !(c.model.sharedModel.outputs || []).length)");
        command("notebook:run-all-cells");
        browser.until(NOTEBOOK
                + ".widgets.flatMap(c => c.model.type === 'code' ? c.model.sharedModel.outputs : [])"
                + ".some(o => o.output_type === 'error' || JSON.stringify(o).includes('holds: '))");
        assertEquals(
                0,
                count("o.output_type === 'error'"),
                name + " in the browser: " + outputs("o.output_type === 'error' ? o.evalue : ''"));
        int pictures = shown("img[src^='data:image/png']"),
                players = shown("audio[src^='data:audio']"),
                tables = shown("table");
        System.out.println("lab: " + name + ": " + pictures + " pictures, " + tables + " tables, " + players
                + " players in the page");
        assertTrue(pictures >= 5, pictures + " pictures");
        assertTrue(tables >= 2, tables + " tables");
        assertTrue(players >= 2, players + " players");
        shiftTabShowsATooltip();
        Path shots = Files.createDirectories(ROOT.resolve(System.getProperty("screenshots", "target/screenshots")));
        scrollTo(name.startsWith("01") ? "conds" : "filmstrip");
        browser.drawn();
        Path shot = browser.screenshot(shots.resolve(name + ".png"));
        assertTrue(Files.size(shot) > 20_000, "a screenshot with something on it: " + Files.size(shot) + " bytes");
    }

    /** On the method of the first cell that opens the voice. */
    private void shiftTabShowsATooltip() throws InterruptedException {
        browser.ask("(async () => { const n = " + NOTEBOOK + "; const i = n.widgets.findIndex(c => "
                + "c.model.type === 'code' && c.model.sharedModel.source.includes('.open(')); "
                + "await n.scrollToItem(i, 'start'); n.activeCellIndex = i; n.mode = 'edit'; const c = n.widgets[i]; "
                + "await c.ready; const source = c.model.sharedModel.source, at = source.indexOf('.open(') + 3, "
                + "before = source.slice(0, at).split('\\n'); "
                + "c.editor.setCursorPosition({line: before.length - 1, column: before[before.length - 1].length}); "
                + "c.editor.focus(); })()");
        browser.until("!!document.activeElement?.closest(\"" + TAKES_SHIFT_TAB + "\")");
        browser.shiftTab();
        browser.until("(document.querySelector('.jp-Tooltip')?.innerText || '').includes('open(')");
        browser.until("document.querySelectorAll('.jp-Tooltip table td').length >= 3");
        browser.ask("document.querySelectorAll('.jp-Tooltip').forEach(e => e.remove())");
    }

    private static final String
            PANEL = "[...window.jupyterapp.shell.widgets('main')].find(w => w.content && w.content.widgets)",
            NOTEBOOK = PANEL + ".content",
            /** Where JupyterLab's own key binding takes Shift+Tab as the tooltip's key; elsewhere it unindents. */
            TAKES_SHIFT_TAB =
                    ".jp-Notebook.jp-mod-editMode .jp-InputArea-editor:not(.jp-mod-has-primary-selection)"
                            + ":not(.jp-mod-in-leading-whitespace):not(.jp-mod-completer-active)";

    private void command(String id) throws InterruptedException {
        browser.ask("window.jupyterapp.commands.execute('" + id + "').then(() => 'done')");
    }

    private int count(String of) throws InterruptedException {
        return Integer.parseInt(browser.ask(
                NOTEBOOK + ".widgets.flatMap(c => c.model.sharedModel.outputs || []).filter(o => " + of + ").length"));
    }

    private String outputs(String of) throws InterruptedException {
        return browser.ask(
                NOTEBOOK + ".widgets.flatMap(c => c.model.sharedModel.outputs || []).map(o => " + of + ").join(' ')");
    }

    /** Elements in the page's outputs, also of cells that are scrolled out of view. */
    private int shown(String selector) throws InterruptedException {
        return Integer.parseInt(browser.ask(NOTEBOOK + ".widgets.map(c => c.node.querySelectorAll(\".jp-OutputArea "
                + selector + "\").length).reduce((a, b) => a + b, 0)"));
    }

    private void scrollTo(String source) throws InterruptedException {
        browser.ask("(async () => { const n = " + NOTEBOOK
                + "; const i = n.widgets.findIndex(c => c.model.type === 'code' && c.model.sharedModel.source.includes('"
                + source + "')); await n.scrollToItem(i, 'start'); return i; })()");
    }
}
