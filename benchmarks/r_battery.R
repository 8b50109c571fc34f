# Times R's gap statistic, bootstrap stability and prediction strength of a matrix, and writes what they found.
# Called by structure.py: Rscript r_battery.R matrix.csv folder starts references samples splits k_max seed
# `starts` are those of every fit, of all three.

suppressPackageStartupMessages({
  library(cluster)
  library(fpc)
})

asked <- commandArgs(trailingOnly = TRUE)
folder <- asked[2]
numbers <- as.integer(asked[3:8])
starts <- numbers[1]
references <- numbers[2]
samples <- numbers[3]
splits <- numbers[4]
k_max <- numbers[5]
set.seed(numbers[6])
x <- as.matrix(read.csv(asked[1], header = FALSE))

save <- function(table, name) write.csv(table, file.path(folder, name), row.names = FALSE)
seconds <- function(run) unname(system.time(run)["elapsed"])

# With d.power = 2, W_k is half the inertia, and the half cancels out; scaledPCA is the box of the principal components.
# Where the answer is to be compared with many starts, R's 10 iterations of kmeans would be too few.
gap <- function(nstart, iterations) {
  suppressWarnings(clusGap(
    x, kmeans, K.max = k_max, B = references, d.power = 2, spaceH0 = "scaledPCA", verbose = FALSE, nstart = nstart,
    iter.max = iterations
  ))
}
time_gap <- seconds(found <- gap(starts, if (starts == 1) 10 else 100))
save(cbind(k = seq_len(k_max), as.data.frame(found$Tab)), "gap.csv")
time_gap_3 <- if (starts == 1) seconds(gap(3, 10)) else NA

jaccard <- list()
labels <- list()
time_jaccard <- seconds(
  for (k in 2:k_max) {
    found <- suppressWarnings(
      clusterboot(x, B = samples, clustermethod = kmeansCBI, krange = k, runs = starts, count = FALSE)
    )
    jaccard[[k - 1]] <- data.frame(
      k = k, cluster = rep(seq_len(k) - 1, samples), sample = rep(seq_len(samples), each = k),
      value = as.vector(found$bootresult)
    )
    labels[[k - 1]] <- found$partition - 1
  }
)
save(do.call(rbind, jaccard), "jaccard.csv")
save(setNames(as.data.frame(labels), 2:k_max), "labels.csv")

time_strength <- seconds(
  found <- suppressWarnings(prediction.strength(x, 2, k_max, M = splits, runs = starts))
)
save(
  do.call(rbind, lapply(2:k_max, function(k) data.frame(k = k, split = seq_len(splits), value = found$predcorr[[k]]))),
  "strength.csv"
)

save(
  data.frame(gap = time_gap, jaccard = time_jaccard, strength = time_strength, gap_3 = time_gap_3), "seconds.csv"
)
save(
  data.frame(
    R = as.character(getRversion()), cluster = as.character(packageVersion("cluster")),
    fpc = as.character(packageVersion("fpc"))
  ),
  "versions.csv"
)
