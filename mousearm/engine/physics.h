// What the generated text calls: muscles, joint limits, tendons around spheres and cylinders. All as MuJoCo 4 computes it.
namespace arm {

template<class T> struct Vector { T x, y, z; };
template<class T> INLINE Vector<T> operator+(Vector<T> a, Vector<T> b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
template<class T> INLINE Vector<T> operator-(Vector<T> a, Vector<T> b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
template<class T> INLINE Vector<T> operator*(T s, Vector<T> a) { return {s * a.x, s * a.y, s * a.z}; }
template<class T> INLINE T dot(Vector<T> a, Vector<T> b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
template<class T> INLINE Vector<T> cross(Vector<T> a, Vector<T> b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
template<class T, class Mask> INLINE Vector<T> select(Mask mask, Vector<T> a, Vector<T> b) {
  return {select(mask, a.x, b.x), select(mask, a.y, b.y), select(mask, a.z, b.z)};
}

// ---- muscles: mju_muscleGain, mju_muscleBias, mju_muscleDynamics

// Active force, relative to the peak, at a fibre length (1: optimal).
template<class T> INLINE T force_by_length(T length, T lmin, T lmax) {
  const T rise = T(0.5) * (lmin + T(1.0)), fall = T(0.5) * (T(1.0) + lmax);
  const T foot = (length - lmin) / (rise - lmin), up = (T(1.0) - length) / (T(1.0) - rise);
  const T down = (length - T(1.0)) / (fall - T(1.0)), tail = (lmax - length) / (lmax - fall);
  const T inner = select(length <= T(1.0), up, down), outer = select(length <= T(1.0), foot, tail);
  const T parabola = select((length <= rise) | (length > fall), T(0.5) * outer * outer, T(1.0) - T(0.5) * inner * inner);
  return select((length < lmin) | (length > lmax), T(0.0), parabola);
}

// Active force, relative to that at rest, at a speed (-1: fastest shortening).
template<class T> INLINE T force_by_speed(T speed, T fvmax) {
  const T bend = fvmax - T(1.0), beyond = bend - speed;
  const T slower = (speed + T(1.0)) * (speed + T(1.0)), faster = fvmax - beyond * beyond / bend;
  const T moving = select(speed <= T(0.0), slower, select(speed <= bend, faster, fvmax));
  return select(speed <= T(-1.0), T(0.0), moving);
}

// Its derivative.
template<class T> INLINE T slope_by_speed(T speed, T fvmax) {
  const T bend = fvmax - T(1.0);
  const T moving = select(speed <= T(0.0), speed + T(1.0), select(speed <= bend, (bend - speed) / bend, T(0.0)));
  return select(speed <= T(-1.0), T(0.0), T(2.0) * moving);
}

// Passive force, relative to the peak, at a fibre length.
template<class T> INLINE T muscle_bias(T length, T lmax, T fpmax) {
  const T half = T(0.5) * (T(1.0) + lmax);
  const T bent = (length - T(1.0)) / (half - T(1.0)), straight = (length - half) / (half - T(1.0));
  const T stretched = fpmax * select(length <= half, T(0.5) * bent * bent, T(0.5) + straight);
  return select(length <= T(1.0), T(0.0), stretched);
}

// Rate of activation, 1/s: time constants change with activation (Millard et al. 2013), and at excitation = activation.
template<class T> INLINE T activation_rate(T control, T act, T rise, T fall) {
  const T toward = within(control, T(0.0), T(1.0)) - act;
  const T slower = T(0.5) + T(1.5) * within(act, T(0.0), T(1.0));
  return toward / larger(T(1e-15), select(toward > T(0.0), rise * slower, fall / slower));
}

// The same with a smooth change between the time constants, over 1 / per_width of excitation.
template<class T> INLINE T smooth_activation_rate(T control, T act, T rise, T fall, T per_width) {
  const T toward = within(control, T(0.0), T(1.0)) - act;
  const T slower = T(0.5) + T(1.5) * within(act, T(0.0), T(1.0));
  const T x = within(toward * per_width + T(0.5), T(0.0), T(1.0));
  const T step = x * x * x * (T(3.0) * x * (T(2.0) * x - T(5.0)) + T(10.0));
  return toward / larger(T(1e-15), fall / slower + (rise * slower - fall / slower) * step);
}

// ---- joint limits: mj_instantiateLimit, mj_makeImpedance

enum Curve { LINEAR, QUADRATIC, GENERAL };
template<class T, Curve CURVE> struct Impedance { T dmin, dmax, per_width, middle, exponent; };

// Impedance at a distance beyond the limit: from dmin to dmax over the width, by a curve of the given power.
template<class T, Curve CURVE> INLINE T impedance(const Impedance<T, CURVE>& shape, T distance) {
  const T x = smaller(magnitude(distance) * shape.per_width, T(1.0));
  const T low = x / shape.middle, high = (T(1.0) - x) / (T(1.0) - shape.middle);
  T bent = x;
  if (CURVE == QUADRATIC)
    bent = select(x <= shape.middle, shape.middle * low * low, T(1.0) - (T(1.0) - shape.middle) * high * high);
  if (CURVE == GENERAL) {
    const T below = shape.middle * power(low, shape.exponent);
    const T above = T(1.0) - (T(1.0) - shape.middle) * power(high, shape.exponent);
    bent = select(x <= shape.middle, below, above);
  }
  return shape.dmin + bent * (shape.dmax - shape.dmin);
}

// The nearer limit of a joint: which way it pushes (+1: up), with which weight (0: it is not reached), and what it aims at.
template<class T> struct Limit { T sign, weight, aim; };
template<class T, Curve CURVE>
INLINE Limit<T> limit(T above, T below, T velocity, T margin, T stiffness, T damping, Impedance<T, CURVE> shape, T invweight) {
  const T sign = select(above < below, T(1.0), T(-1.0)), distance = smaller(above, below) - margin;
  const T strength = impedance(shape, distance);
  const T weight = T(1.0) / larger(T(1e-15), (T(1.0) - strength) / strength * invweight);
  const T aim = T(0.0) - damping * sign * velocity - stiffness * strength * distance;
  return {sign, select(distance < T(0.0), weight, T(0.0)), aim};
}

// ---- tendons: mju_wrap

// Length between two points, and the directions in which the tendon leaves the first and arrives at the last.
template<class T> struct Wrap { T length; Vector<T> first, last; };

// The arc between two tangents, seen along a unit normal: of a circle around the origin, from `first` to `last` in its plane.
// On which side of the circle is where its side site is, or, without one, where the straight line is. Whether there is one:
// where the line is in its way, or passes it on the other side than the way through the side site does (its rule in 4.0).
template<class T> struct Arc { T to_first, to_last, length, turn; };
template<class T, bool SIDE>
INLINE auto arc(Vector<T> first, Vector<T> last, Vector<T> normal, Vector<T> side, T radius, Arc<T>& found)
    -> decltype(radius < radius) {
  const T square = radius * radius, far_first = dot(first, first) - square, far_last = dot(last, last) - square;
  const Vector<T> along = last - first;
  const T apart = dot(along, along), nearest = within(T(0.0) - dot(along, first) / apart, T(0.0), T(1.0));
  const Vector<T> near = first + nearest * along;
  const T opening = dot(normal, cross(first, last));
  T turn = select(opening > T(0.0), T(1.0), T(-1.0));
  auto touches = dot(near, near) <= square;
  auto is_far = opening != opening;
  if (SIDE) {
    const T before = dot(normal, cross(first, side)), after = dot(normal, cross(side, last));
    const auto by_left = (before > T(0.0)) & (after > T(0.0)) & (opening < T(0.0));
    const auto by_right = (before < T(0.0)) & (after < T(0.0)) & (opening > T(0.0));
    is_far = by_left | by_right;
    turn = select(is_far, T(0.0) - turn, turn);
    touches = touches | is_far;
  }
  touches = touches & (far_first >= T(0.0)) & (far_last >= T(0.0)) & (apart > T(1e-15));
  if (!any(touches)) return touches;
  found.to_first = root(larger(far_first, T(0.0))), found.to_last = root(larger(far_last, T(0.0))), found.turn = turn;
  // the angle between the two points less those of the two tangents, by one arc tangent
  const T real = square - found.to_first * found.to_last, imaginary = radius * (found.to_first + found.to_last);
  const T cosine = dot(first, last), sine = turn * opening;
  T angle = angle_of(sine * real - cosine * imaginary, cosine * real + sine * imaginary);
  if (SIDE) angle = select(is_far & (angle < T(0.0)), angle + T(6.283185307179586), angle);
  found.length = radius * angle;
  return touches & (angle >= T(0.0));
}

// A tendon between two points, given from the centre of a sphere or cylinder (SPHERE: the axis is not used).
template<class T, bool SPHERE, bool SIDE>
LEAN Wrap<T> wrap(Vector<T> first, Vector<T> last, Vector<T> axis, Vector<T> side, T radius) {
  const Vector<T> line = last - first;
  const T straight = root(dot(line, line));
  const Vector<T> direction = reciprocal(straight) * line;
  Wrap<T> result = {straight, direction, direction};
  T rise = T(0.0);
  if (SPHERE) {
    const Vector<T> across = cross(first, last);
    axis = reciprocal(root(dot(across, across))) * across;
  } else {
    const T height = dot(axis, first);
    rise = dot(axis, last) - height;
    last = last - (height + rise) * axis, first = first - height * axis;
  }
  Arc<T> on;
  const auto touches = arc<T, SIDE>(first, last, axis, side, radius, on);
  if (!any(touches)) return result;
  const T level = on.to_first + on.length + on.to_last, length = root(level * level + rise * rise);
  const T slope = rise / length, share = level / length;
  const T at_first = T(1.0) / dot(first, first), at_last = T(1.0) / dot(last, last);
  const T turn = on.turn * radius;
  // from the first point to its tangent point, and from that of the last to it, both over their length
  const Vector<T> leave = at_first * (turn * cross(axis, first) - on.to_first * first);
  const Vector<T> arrive = at_last * (turn * cross(axis, last) + on.to_last * last);
  result.length = select(touches, length, straight);
  result.first = select(touches, share * leave + slope * axis, direction);
  result.last = select(touches, share * arrive + slope * axis, direction);
  return result;
}

}  // namespace arm
