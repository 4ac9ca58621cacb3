// Numbers that the physics is written over: float, double, several of them at once.
// A comparison gives a mask; select(mask, a, b) takes a where it holds; any(mask) lets work be left out that nobody needs.
#ifdef __CUDACC__
#define INLINE __device__ __forceinline__
#define LEAN __device__ __noinline__
#define ONE_COPY __device__ __forceinline__
#define UNROLL _Pragma("unroll")
#define ROLLED _Pragma("unroll 1")
#else
#include <math.h>
#include <stdint.h>
#define INLINE inline __attribute__((always_inline))
#define LEAN inline
#define ONE_COPY __attribute__((noinline))  // the same instructions, and so the same bits, wherever it is called
#define UNROLL
#define ROLLED
#endif

namespace arm {

INLINE bool any(bool mask) { return mask; }
INLINE float select(bool mask, float a, float b) { return mask ? a : b; }
INLINE double select(bool mask, double a, double b) { return mask ? a : b; }
INLINE float root(float x) { return sqrtf(x); }
INLINE double root(double x) { return sqrt(x); }
INLINE float magnitude(float x) { return fabsf(x); }
INLINE double magnitude(double x) { return fabs(x); }
INLINE float angle_of(float y, float x) { return atan2f(y, x); }
INLINE double angle_of(double y, double x) { return atan2(y, x); }
INLINE float power(float x, float exponent) { return powf(x, exponent); }
INLINE double power(double x, double exponent) { return pow(x, exponent); }
#ifdef __CUDACC__
INLINE void sine_cosine(float x, float& sine, float& cosine) { sincosf(x, &sine, &cosine); }
INLINE void sine_cosine(double x, double& sine, double& cosine) { sincos(x, &sine, &cosine); }
#else
INLINE void sine_cosine(float x, float& sine, float& cosine) { sine = sinf(x), cosine = cosf(x); }
INLINE void sine_cosine(double x, double& sine, double& cosine) { sine = sin(x), cosine = cos(x); }
#endif

template<class T> INLINE T smaller(T a, T b) { return select(a < b, a, b); }
template<class T> INLINE T larger(T a, T b) { return select(a > b, a, b); }
// x in a range; at its ends x itself, so that derivatives there are those within
template<class T> INLINE T within(T x, T low, T high) { return select(x < low, low, select(x > high, high, x)); }
// 1 / x, and 0 for what is too short to have a direction
template<class T> INLINE T reciprocal(T x) { return select(x > T(1e-15), T(1.0) / x, T(0.0)); }

}  // namespace arm
