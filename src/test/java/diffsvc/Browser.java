package diffsvc;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** A headless Chromium of the system, told what to do over its DevTools protocol. */
final class Browser implements AutoCloseable {
    private final Process chromium;
    private final WebSocket socket;
    private final Map<Integer, CompletableFuture<JsonObject>> waiting = new ConcurrentHashMap<>();
    private final AtomicInteger ids = new AtomicInteger();
    private String session;

    /** Chromium's program on this machine, null where there is none. */
    static Path program() {
        return Stream.of(
                        System.getenv().getOrDefault("CHROMIUM", ""),
                        "/usr/bin/chromium",
                        "/usr/bin/chromium-browser",
                        "/usr/bin/google-chrome",
                        "/snap/bin/chromium")
                .filter(p -> !p.isEmpty())
                .map(Path::of)
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(null);
    }

    Browser(Path profile, int width, int height) throws IOException, InterruptedException {
        chromium = new ProcessBuilder(List.of(
                        program().toString(),
                        "--headless",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-dev-shm-usage",
                        "--no-first-run",
                        "--remote-debugging-port=0",
                        "--user-data-dir=" + profile,
                        "--window-size=" + width + "," + height,
                        "about:blank"))
                .redirectErrorStream(true)
                .redirectOutput(profile.resolveSibling("chromium.log").toFile())
                .start();
        Path port = profile.resolve("DevToolsActivePort");
        for (int i = 0;
                i < 300 && !(Files.exists(port) && Files.readAllLines(port).size() >= 2);
                i++) {
            Thread.sleep(100);
        }
        List<String> lines = Files.readAllLines(port);
        socket = HttpClient.newHttpClient()
                .newWebSocketBuilder()
                .buildAsync(URI.create("ws://127.0.0.1:" + lines.get(0) + lines.get(1)), new Ear())
                .join();
        JsonObject target = new JsonObject();
        target.addProperty("url", "about:blank");
        JsonObject attach = new JsonObject();
        attach.addProperty(
                "targetId", call("Target.createTarget", target).get("targetId").getAsString());
        attach.addProperty("flatten", true);
        session = call("Target.attachToTarget", attach).get("sessionId").getAsString();
        JsonObject size = new JsonObject();
        size.addProperty("width", width);
        size.addProperty("height", height);
        size.addProperty("deviceScaleFactor", 1);
        size.addProperty("mobile", false);
        call("Emulation.setDeviceMetricsOverride", size);
    }

    private final class Ear implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                JsonObject message = JsonParser.parseString(text.toString()).getAsJsonObject();
                text.setLength(0);
                CompletableFuture<JsonObject> answer =
                        message.has("id") ? waiting.remove(message.get("id").getAsInt()) : null;
                if (answer != null && message.has("error")) {
                    answer.completeExceptionally(
                            new IllegalStateException(message.get("error").toString()));
                } else if (answer != null) {
                    answer.complete(message.getAsJsonObject("result"));
                }
            }
            from.request(1);
            return null;
        }
    }

    private JsonObject call(String method, JsonObject parameters) throws InterruptedException {
        int id = ids.incrementAndGet();
        JsonObject message = new JsonObject();
        message.addProperty("id", id);
        message.addProperty("method", method);
        message.add("params", parameters);
        if (session != null) {
            message.addProperty("sessionId", session);
        }
        CompletableFuture<JsonObject> answer = new CompletableFuture<>();
        waiting.put(id, answer);
        socket.sendText(message.toString(), true).join();
        try {
            return answer.get(60, TimeUnit.SECONDS);
        } catch (java.util.concurrent.ExecutionException | TimeoutException e) {
            throw new IllegalStateException(method, e);
        }
    }

    void open(String url) throws InterruptedException {
        JsonObject p = new JsonObject();
        p.addProperty("url", url);
        call("Page.navigate", p);
    }

    /** The value of a JavaScript expression, as text. */
    String ask(String expression) throws InterruptedException {
        JsonObject p = new JsonObject();
        p.addProperty("expression", "String(" + expression + ")");
        p.addProperty("awaitPromise", true);
        JsonObject result = call("Runtime.evaluate", p).getAsJsonObject("result");
        return result.has("value") ? result.get("value").getAsString() : result.toString();
    }

    /** Presses Shift+Tab on what has the focus. */
    void shiftTab() throws InterruptedException {
        for (String type : new String[] {"rawKeyDown", "keyUp"}) {
            JsonObject p = new JsonObject();
            p.addProperty("type", type);
            p.addProperty("modifiers", 8);
            p.addProperty("key", "Tab");
            p.addProperty("code", "Tab");
            p.addProperty("windowsVirtualKeyCode", 9);
            call("Input.dispatchKeyEvent", p);
        }
    }

    /** Waits until an expression is true. */
    void until(String expression, int seconds) throws InterruptedException {
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        while (!ask(expression).equals("true")) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException("not within " + seconds + " s: " + expression + "; the page says: "
                        + ask("document.body.innerText.slice(0, 2000)"));
            }
            Thread.sleep(250);
        }
    }

    /** What is to be seen now, as PNG. */
    Path screenshot(Path file) throws IOException, InterruptedException {
        JsonObject p = new JsonObject();
        p.addProperty("format", "png");
        return Files.write(
                file,
                Base64.getDecoder()
                        .decode(call("Page.captureScreenshot", p).get("data").getAsString()));
    }

    @Override
    public void close() throws InterruptedException {
        socket.abort();
        chromium.descendants().forEach(ProcessHandle::destroy);
        chromium.destroy();
        chromium.waitFor(10, TimeUnit.SECONDS);
    }
}
