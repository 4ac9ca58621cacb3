// Arrays with one arm per row, of which a processor computes as many at once as fit into a vector.
namespace arm {

#if defined(__AVX512F__)
enum { VECTOR_BYTES = 64 };
#elif defined(__AVX__)
enum { VECTOR_BYTES = 32 };
#else
enum { VECTOR_BYTES = 16 };
#endif

// As many arms as fit into a vector, in columns. A row that is missing at the end is a copy of the last.
template<class Real> struct Rows {
  enum { N = VECTOR_BYTES / sizeof(Real) };
  typedef Lanes<Real, N> T;
  int64_t first, count;

  void load(const Real* rows, int width, T* columns) const {
    for (int i = 0; i < width; i++)
      for (int lane = 0; lane < N; lane++)
        columns[i].values[lane] = rows[(first + (lane < count ? lane : count - 1)) * width + i];
  }
  void store(const T* columns, int width, Real* rows) const {
    for (int i = 0; i < width; i++)
      for (int lane = 0; lane < count; lane++) rows[(first + lane) * width + i] = columns[i].values[lane];
  }
};

template<class Real, class Work> void each(int64_t begin, int64_t end, Work work) {
  enum { N = Rows<Real>::N };
  for (int64_t row = begin; row < end; row += N) work(Rows<Real>{row, end - row < N ? end - row : N});
}

}  // namespace arm
