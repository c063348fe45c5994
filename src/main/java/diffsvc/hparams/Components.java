package diffsvc.hparams;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.Locale;

/** Reads the components of a record by name, and makes records from them through the canonical constructor. */
final class Components {
    private Components() {}

    /**
     * A copy with one component replaced. The canonical constructor checks it like any other record.
     *
     * @throws diffsvc.check.Problem when the constructor refuses the value
     */
    static <R extends Record> R copy(R record, String component, Object value) {
        RecordComponent[] components = record.getClass().getRecordComponents();
        Object[] values = new Object[components.length];
        boolean found = false;
        for (int i = 0; i < components.length; i++) {
            boolean replaced = components[i].getName().equals(component);
            values[i] = replaced ? value : value(components[i], record);
            found |= replaced;
        }
        if (!found) {
            throw new IllegalArgumentException(record.getClass().getSimpleName() + " has no component " + component);
        }
        @SuppressWarnings("unchecked")
        Class<R> type = (Class<R>) record.getClass();
        return create(type, values);
    }

    /** Calls the canonical constructor; what it throws is passed through as it is. */
    static <R extends Record> R create(Class<R> type, Object[] values) {
        Class<?>[] types = Arrays.stream(type.getRecordComponents())
                .map(RecordComponent::getType)
                .toArray(Class<?>[]::new);
        try {
            return type.getDeclaredConstructor(types).newInstance(values);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof RuntimeException refused) {
                throw refused;
            }
            throw new IllegalStateException(e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    static Object value(RecordComponent c, Record record) {
        try {
            return c.getAccessor().invoke(record);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The key in YAML: sampleRateHz is sample_rate_hz, sha256 stays sha256. */
    static String key(RecordComponent c) {
        return c.getName().replaceAll("([a-z0-9])([A-Z])", "$1_$2").toLowerCase(Locale.ROOT);
    }
}
