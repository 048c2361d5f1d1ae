// Distances between the rows of one matrix, (sum |a - b|^p)^(1/p): the arithmetic of a pair.
#ifndef RAP_DISTANCE_H
#define RAP_DISTANCE_H
#include "portable.h"

// Where the pairs (i, i + 1), (i, i + 2) … of all pairs begin.
RAP_PORTABLE int64_t rap_first_pair(int64_t i, int64_t rows) { return i * (2 * rows - i - 1) / 2; }

// The pair of two different rows.
RAP_PORTABLE int64_t rap_pair(int64_t i, int64_t k, int64_t rows) {
  return k < i ? rap_first_pair(k, rows) + i - k - 1 : rap_first_pair(i, rows) + k - i - 1;
}

// A sum with one more difference; p = 0 counts differences, p = INFINITY keeps the largest.
RAP_PORTABLE double rap_distance_add(double sum, double difference, double p) {
  const double d = fabs(difference);
  if (p == INFINITY) return d > sum || d != d ? d : sum;
  return sum + (p == 2 ? d * d : p == 1 ? d : p == 0 ? (double)(d != 0) : pow(d, p));
}

RAP_PORTABLE double rap_distance_root(double sum, double p) {
  return p == 2 ? sqrt(sum) : p == 0 || p == 1 || p == INFINITY ? sum : pow(sum, 1 / p);
}

// What a pair at distance y with difference d adds to the gradient of its first row.
RAP_PORTABLE double rap_distance_slope(double d, double y, double p) {
  const double sign = d > 0 ? 1 : d < 0 ? -1 : 0;
  if (p == 1) return sign;
  if (p == 0 || y == 0 || (d == 0 && p < 1)) return 0;
  if (p == 2) return d / y;
  if (p == INFINITY) return fabs(d) == y ? sign : 0;
  return sign * pow(fabs(d) / y, p - 1);
}

#endif
