package diffsvc.hparams;

import diffsvc.check.Problem;
import diffsvc.check.Shown;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** The Python project's flat config.yaml, key by key to the scopes of {@link Hparams}. */
final class PythonConfig {
    /** The Python key and the key here, one pair per line. */
    private static final Map<String, String> PYTHON_KEYS = keys(
            """
            exp_name project
            audio_sample_rate audio.sample_rate_hz
            hop_size audio.hop_samples
            win_size audio.window_samples
            fft_size audio.fft_size
            audio_num_mel_bins audio.mel_bins
            fmin audio.fmin_hz
            fmax audio.fmax_hz
            mel_vmin audio.mel_vmin
            mel_vmax audio.mel_vmax
            f0_min pitch.f0_min_hz
            f0_max pitch.f0_max_hz
            f0_bin pitch.f0_bins
            use_uv pitch.use_uv
            pe_enable pitch.pe_enable
            hidden_size embedding.hidden_size
            use_pitch_embed embedding.use_pitch_embed
            use_energy_embed embedding.use_energy_embed
            no_fs2 embedding.no_fs2
            enc_layers embedding.enc_layers
            enc_ffn_kernel_size embedding.enc_ffn_kernel_size
            num_heads embedding.num_heads
            residual_channels wavenet.residual_channels
            residual_layers wavenet.residual_layers
            dilation_cycle_length wavenet.dilation_cycle_length
            timesteps noise.steps
            K_step noise.k_step
            schedule_type noise.schedule
            max_beta noise.max_beta
            spec_min noise.spec_min
            spec_max noise.spec_max
            lr training.lr
            optimizer_adam_beta1 training.beta1
            optimizer_adam_beta2 training.beta2
            weight_decay training.weight_decay
            decay_steps training.decay_steps
            clip_grad_norm training.clip_grad_norm
            diff_loss_type training.loss
            """);

    private static Map<String, String> keys(String table) {
        Map<String, String> keys = new LinkedHashMap<>();
        table.lines().map(line -> line.split(" ")).forEach(pair -> keys.put(pair[0], pair[1]));
        return keys;
    }

    private PythonConfig() {}

    static Hparams read(Path file) {
        try {
            Hparams h =
                    HparamsYaml.of(nested(HparamsYaml.map(file), file), file).quirks(Hparams.Quirks.PYTHON);
            return h.noise().kStep() == h.noise().steps() ? h.noise(n -> n.kStep(0)) : h;
        } catch (Problem e) {
            throw e.reworded(PythonConfig::inPython);
        }
    }

    /** Names the keys as the file does. */
    private static String inPython(String sentence) {
        for (Map.Entry<String, String> e : PYTHON_KEYS.entrySet()) {
            sentence =
                    sentence.replaceAll("(^|[ ,;])" + Pattern.quote(e.getValue()) + "(?=$|[ ,;])", "$1" + e.getKey());
        }
        return sentence;
    }

    private static Map<String, Object> nested(Map<String, Object> flat, Path file) {
        Map<String, Object> nested = new LinkedHashMap<>();
        if (PYTHON_KEYS.keySet().stream().noneMatch(flat::containsKey)) {
            throw Problem.in(
                    Limits.STAGE,
                    file,
                    "an hparams.yaml or the Python project's config.yaml",
                    "neither: none of their keys",
                    "see models/demo/hparams.yaml");
        }
        for (Map.Entry<String, String> e : PYTHON_KEYS.entrySet()) {
            Object value = flat.get(e.getKey());
            if (value != null) {
                String[] path = e.getValue().split("\\.");
                if (path.length == 1) {
                    nested.put(path[0], value);
                } else {
                    @SuppressWarnings("unchecked")
                    Map<String, Object> scope = (Map<String, Object>)
                            nested.computeIfAbsent(path[0], k -> new LinkedHashMap<String, Object>());
                    scope.put(path[1], value);
                }
            }
        }
        @SuppressWarnings("unchecked")
        Map<String, Object> noise =
                (Map<String, Object>) nested.computeIfAbsent("noise", k -> new LinkedHashMap<String, Object>());
        noise.putIfAbsent("max_beta", 0.01);
        for (String key : List.of("spec_min", "spec_max")) {
            // empty until the Python project's preprocessing fills it
            noise.computeIfPresent(key, (k, v) -> v instanceof List<?> l ? l.isEmpty() ? null : l : List.of(v));
        }
        if (nested.containsKey("project")) {
            nested.put(
                    "project",
                    ProjectName.near(
                            nested.get("project") instanceof String name ? name : Shown.of(nested.get("project"))));
        }
        if (flat.get("K_step") instanceof Number k && k.doubleValue() < 1) {
            throw Problem.in(Limits.STAGE, file, "K_step from 1 to timesteps", Shown.of(k), "correct K_step");
        }
        place(nested, "hubert", "file", fileName(flat.get("hubert_path")));
        String vocoder = flat.get("vocoder") instanceof String text ? text : "";
        for (VocoderKind kind : VocoderKind.values()) {
            if (kind.hasWeights() && vocoder.endsWith("." + kind.pythonClass())) {
                place(nested, "vocoder", "kind", kind.text());
                place(nested, "vocoder", "file", kind.file());
            }
        }
        return nested;
    }

    @SuppressWarnings("unchecked")
    private static void place(Map<String, Object> nested, String scope, String key, String value) {
        if (!value.isEmpty()) {
            ((Map<String, Object>) nested.computeIfAbsent(scope, k -> new LinkedHashMap<String, Object>()))
                    .put(key, value);
        }
    }

    private static String fileName(Object path) {
        String text = path instanceof String given ? given : "";
        return text.substring(text.lastIndexOf('/') + 1);
    }
}
