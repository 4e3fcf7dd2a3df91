// What the emitted class and its test use of java.lang.foreign, as declared since Java 22, so that an
// older javac can compile them: classes name what they use, and a newer Java has it.
//
// tests/emit_java.rs makes a file of each part below a line that starts with "//:".

//: Arena
public interface Arena extends AutoCloseable {
    static Arena ofConfined() { return null; }
    MemorySegment allocate(MemoryLayout layout);
    MemorySegment allocate(MemoryLayout layout, long count);
    MemorySegment allocate(long byteSize, long byteAlignment);
    void close();
}

//: FunctionDescriptor
public interface FunctionDescriptor {
    static FunctionDescriptor of(MemoryLayout result, MemoryLayout... arguments) { return null; }
}

//: Linker
public interface Linker {
    static Linker nativeLinker() { return null; }
    SymbolLookup defaultLookup();
    java.lang.invoke.MethodHandle downcallHandle(MemorySegment address, FunctionDescriptor type, Option... options);

    interface Option {
        static Option captureCallState(String... states) { return null; }
        static StructLayout captureStateLayout() { return null; }
    }
}

//: MemoryLayout
public interface MemoryLayout {
    long byteSize();
    long byteAlignment();
    long byteOffset(PathElement... path);
    static StructLayout structLayout(MemoryLayout... members) { return null; }
    static PaddingLayout paddingLayout(long byteSize) { return null; }

    interface PathElement {
        static PathElement groupElement(String name) { return null; }
    }
}

//: MemorySegment
public interface MemorySegment {
    long byteSize();
    int get(ValueLayout.OfInt layout, long offset);
    long get(ValueLayout.OfLong layout, long offset);
    void set(ValueLayout.OfInt layout, long offset, int value);
    void set(ValueLayout.OfLong layout, long offset, long value);
}

//: PaddingLayout
public interface PaddingLayout extends MemoryLayout {
}

//: StructLayout
public interface StructLayout extends MemoryLayout {
    StructLayout withName(String name);
}

//: SymbolLookup
public interface SymbolLookup {
    java.util.Optional<MemorySegment> find(String name);
}

//: AddressLayout
public interface AddressLayout extends ValueLayout {
}

//: ValueLayout
public interface ValueLayout extends MemoryLayout {
    OfInt JAVA_INT = null;
    OfLong JAVA_LONG = null;
    AddressLayout ADDRESS = null;

    interface OfInt extends ValueLayout {
        OfInt withName(String name);
        OfInt withByteAlignment(long byteAlignment);
    }

    interface OfLong extends ValueLayout {
        OfLong withName(String name);
        OfLong withByteAlignment(long byteAlignment);
    }
}
