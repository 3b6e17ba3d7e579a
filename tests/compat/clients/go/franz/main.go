// franz-go and its administration, kadm.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"distributary/compat/walk"
)

func topicOf(name string) string { return "/activity:franz-" + name }
func groupOf(name string) string { return "franz-" + name }

func within() context.Context {
	bounded, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	time.AfterFunc(31*time.Second, cancel)
	return bounded
}

func client(options ...kgo.Opt) *kgo.Client {
	basic := []kgo.Opt{kgo.SeedBrokers(walk.Broker), kgo.FetchMaxWait(100 * time.Millisecond)}
	return walk.Must(kgo.NewClient(append(basic, options...)...))
}

func withAdmin(work func(*kadm.Client)) {
	one := client()
	defer one.Close()
	work(kadm.NewClient(one))
}

func create(topic string, partitions int32) string {
	withAdmin(func(admin *kadm.Client) {
		walk.Check(walk.Must(admin.CreateTopic(within(), partitions, 1, nil, topic)).Err)
	})
	return topic
}

func put(topic string, texts []string, options ...kgo.Opt) {
	sender := client(options...)
	defer sender.Close()
	send(sender, topic, texts)
}

func send(sender *kgo.Client, topic string, texts []string) {
	records := make([]*kgo.Record, len(texts))
	for i, text := range texts {
		records[i] = &kgo.Record{Topic: topic, Value: []byte(text)}
	}
	walk.Check(sender.ProduceSync(within(), records...).FirstErr())
}

// putEach sends `count` messages to each of `partitions` partitions.
func putEach(topic string, partitions, count int) {
	sender := client(kgo.RecordPartitioner(kgo.ManualPartitioner()))
	defer sender.Close()
	var records []*kgo.Record
	for i := 0; i < partitions*count; i++ {
		partition := int32(i % partitions)
		records = append(records, &kgo.Record{Topic: topic, Partition: partition, Value: []byte(fmt.Sprint(partition))})
	}
	walk.Check(sender.ProduceSync(within(), records...).FirstErr())
}

func take(reader *kgo.Client, count int) []*kgo.Record {
	var taken []*kgo.Record
	bounded := within()
	for len(taken) < count {
		fetches := reader.PollRecords(bounded, count-len(taken))
		walk.Check(fetches.Err())
		taken = append(taken, fetches.Records()...)
	}
	return taken
}

// read takes everything of a topic, which is `count` messages.
func read(topic string, count int, options ...kgo.Opt) []*kgo.Record {
	reader := client(append(options, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
	defer reader.Close()
	taken := take(reader, count)
	short, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	walk.Equal(len(reader.PollFetches(short).Records()), 0)
	return taken
}

var committed = kgo.FetchIsolationLevel(kgo.ReadCommitted())

func values(records []*kgo.Record) []string {
	texts := make([]string, len(records))
	for i, record := range records {
		texts[i] = string(record.Value)
	}
	return texts
}

func codec(name string, chosen kgo.CompressionCodec) func() {
	return func() {
		topic := create(topicOf(name), 1)
		sent := walk.Numbered(1000, 0)
		for i := range sent {
			sent[i] += strings.Repeat(" payload", 20)
		}
		put(topic, sent, kgo.ProducerBatchCompression(chosen))
		walk.Equal(values(read(topic, 1000)), sent)
	}
}

func produce() {
	topic := create(topicOf("produce"), 1)
	headers := []kgo.RecordHeader{{Key: "colour", Value: []byte("red")}, {Key: "colour", Value: []byte("blue")}, {Key: "null"}}
	sender := client()
	defer sender.Close()
	moment := time.UnixMilli(1_600_000_000_123)
	walk.Check(sender.ProduceSync(within(),
		&kgo.Record{Topic: topic, Key: []byte("key"), Value: []byte("value"), Headers: headers, Timestamp: moment},
		&kgo.Record{Topic: topic, Key: []byte("only a key")},
		&kgo.Record{Topic: topic, Value: []byte("only a value")}).FirstErr())
	found := read(topic, 3)
	walk.Equal(string(found[0].Key)+"/"+string(found[0].Value), "key/value")
	walk.Equal(found[0].Headers, headers)
	walk.Equal(found[0].Timestamp.UnixMilli(), moment.UnixMilli())
	walk.Equal([]bool{found[1].Value == nil, found[2].Key == nil, found[0].Headers[2].Value == nil}, []bool{true, true, true})
	walk.Equal([]int64{found[0].Offset, found[1].Offset, found[2].Offset}, []int64{0, 1, 2})
}

func large() {
	topic := create(topicOf("large"), 1)
	var sent []string
	for _, digit := range []string{"1", "2", "3"} {
		sent = append(sent, strings.Repeat(digit, 8_000_000))
	}
	put(topic, sent, kgo.ProducerBatchMaxBytes(9_000_000))
	for i, record := range read(topic, 3) {
		walk.Equal(bytes.Equal(record.Value, []byte(sent[i])), true)
	}
}

func partitions() {
	topic := create(topicOf("partitions"), 200)
	putEach(topic, 200, 1)
	for _, record := range read(topic, 200) {
		walk.Equal(string(record.Value), fmt.Sprint(record.Partition))
	}
}

func fullNames() {
	topics := []string{"/activity:franz-same", "/second:franz-same"}
	for _, topic := range topics {
		put(topic, []string{topic}, kgo.AllowAutoTopicCreation())
	}
	for _, topic := range topics {
		walk.Equal(values(read(topic, 1)), []string{topic})
	}
}

func shortNames() {
	put("franz-short", []string{"short"}, kgo.AllowAutoTopicCreation())
	for _, topic := range []string{"franz-short", "/default:franz-short"} {
		walk.Equal(values(read(topic, 1)), []string{"short"})
	}
}

// member polls until it leaves, and commits what it has read.
type member struct {
	client *kgo.Client
	held   atomic.Int32
	ended  chan struct{}
	mutex  sync.Mutex
	read   map[string]int
}

func join(kind, topic string, options ...kgo.Opt) *member {
	one := &member{ended: make(chan struct{}), read: map[string]int{}}
	count := func(sign int32) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, parts map[string][]int32) {
			one.held.Add(sign * int32(len(parts[topic])))
		}
	}
	basic := []kgo.Opt{kgo.ConsumerGroup(groupOf(kind)), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.OnPartitionsAssigned(count(1)),
		kgo.OnPartitionsRevoked(count(-1)), kgo.OnPartitionsLost(count(-1))}
	one.client = client(append(basic, options...)...)
	go one.live()
	return one
}

func (one *member) live() {
	defer close(one.ended)
	for {
		fetches := one.client.PollFetches(context.Background())
		if fetches.IsClientClosed() {
			return
		}
		one.mutex.Lock()
		for _, record := range fetches.Records() {
			one.read[fmt.Sprintf("%d/%d", record.Partition, record.Offset)]++
		}
		one.mutex.Unlock()
		_ = one.client.CommitUncommittedOffsets(context.Background())
	}
}

func (one *member) total() int {
	one.mutex.Lock()
	defer one.mutex.Unlock()
	total := 0
	for _, times := range one.read {
		total += times
	}
	return total
}

func (one *member) leave() {
	one.client.Close()
	<-one.ended
}

func share(kind string, options ...kgo.Opt) {
	topic := create(topicOf(kind), 6)
	first, second := join(kind, topic, options...), join(kind, topic, options...)
	walk.Until("two members share six partitions", func() bool { return first.held.Load() == 3 && second.held.Load() == 3 })
	putEach(topic, 6, 20)
	walk.Until("all is read", func() bool { return first.total()+second.total() == 120 })
	first.leave()
	walk.Until("one member has all", func() bool { return second.held.Load() == 6 })
	putEach(topic, 6, 20)
	walk.Until("all is read", func() bool { return first.total()+second.total() == 240 })
	second.leave()
	for place := range first.read {
		second.read[place]++
	}
	walk.Equal(len(second.read), 240)
}

func groups() {
	share("groups", kgo.SessionTimeout(8*time.Second), kgo.HeartbeatInterval(300*time.Millisecond))
}

func consumerGroups() {
	share("consumer-groups", kgo.ServerSideBalancer(), kgo.Balancers(kgo.StickyBalancer()))
	withAdmin(func(admin *kadm.Client) {
		group := groupOf("consumer-groups")
		walk.Equal(walk.Must(admin.DescribeConsumerGroups(within(), group))[group].State, "Empty")
	})
}

func commits() {
	topic := create(topicOf("commits"), 1)
	put(topic, walk.Numbered(100, 0))
	for _, round := range [][2]int{{0, 40}, {40, 60}} {
		reader := client(kgo.ConsumerGroup(groupOf("commits")), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
		taken := take(reader, round[1])
		walk.Equal(values(taken), walk.Numbered(round[1], round[0]))
		walk.Check(reader.CommitRecords(within(), taken...))
		reader.Close()
	}
}

func idempotence() {
	topic := create(topicOf("idempotence"), 1)
	put(topic, walk.Numbered(5000, 0)) // as it always is
	walk.Equal(values(read(topic, 5000)), walk.Numbered(5000, 0))
}

func transactions() {
	topic := create(topicOf("transactions"), 1)
	sender := client(kgo.TransactionalID("franz-transactions"))
	defer sender.Close()
	var expected []string
	for i := 0; i < 6; i++ {
		walk.Check(sender.BeginTransaction())
		send(sender, topic, walk.Numbered(10, i*10))
		walk.Check(sender.EndTransaction(within(), kgo.TransactionEndTry(i%2 == 0)))
		if i%2 == 0 {
			expected = append(expected, walk.Numbered(10, i*10)...)
		}
	}
	walk.Equal(values(read(topic, 30, committed)), expected)
	walk.Equal(values(read(topic, 60)), walk.Numbered(60, 0))
}

func transactionOffsets() {
	source, target, group := create(topicOf("from"), 1), create(topicOf("to"), 1), groupOf("copier")
	put(source, walk.Numbered(40, 0))
	held := func() (at int64) {
		withAdmin(func(admin *kadm.Client) {
			at = -1
			if found, ok := walk.Must(admin.FetchOffsets(within(), group)).Lookup(source, 0); ok {
				at = found.At
			}
		})
		return at
	}
	for _, commit := range []bool{false, true} {
		session := walk.Must(kgo.NewGroupTransactSession(kgo.SeedBrokers(walk.Broker), kgo.ConsumerGroup(group),
			kgo.ConsumeTopics(source), kgo.TransactionalID(group), committed, kgo.RequireStableFetchOffsets(),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())))
		bounded, texts := within(), []string{}
		walk.Check(session.Begin())
		for len(texts) < 40 {
			fetches := session.PollFetches(bounded)
			walk.Check(fetches.Err())
			texts = append(texts, values(fetches.Records())...)
		}
		send(session.Client(), target, texts)
		done := walk.Must(session.End(bounded, kgo.TransactionEndTry(commit)))
		walk.Equal(done, commit)
		session.Close()
		walk.Equal(held(), map[bool]int64{false: -1, true: 40}[commit])
	}
	walk.Equal(values(read(target, 40, committed)), walk.Numbered(40, 0))
}

func fencing() {
	topic := create(topicOf("fencing"), 1)
	older, newer := client(kgo.TransactionalID("franz-fencing")), client(kgo.TransactionalID("franz-fencing"))
	defer older.Close()
	defer newer.Close()
	walk.Check(older.BeginTransaction())
	send(older, topic, []string{"older"})
	walk.Check(newer.BeginTransaction())
	send(newer, topic, []string{"newer"})
	walk.Check(newer.EndTransaction(within(), kgo.TryCommit))
	err := older.EndTransaction(within(), kgo.TryCommit)
	if !errors.Is(err, kerr.InvalidProducerEpoch) && !errors.Is(err, kerr.ProducerFenced) {
		walk.Fail("the older producer was not fenced: %v", err)
	}
	walk.Equal(values(read(topic, 1, committed)), []string{"newer"})
}

func restart() {
	topic := create(topicOf("restart"), 1)
	one := join("restart", topic, kgo.SessionTimeout(10*time.Second))
	sender := client(kgo.ProducerBatchMaxBytes(4000), kgo.ProducerLinger(2*time.Millisecond))
	defer sender.Close()
	var acknowledged, failed atomic.Int32
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for _, text := range walk.Numbered(20_000, 0) {
			sender.Produce(context.Background(), &kgo.Record{Topic: topic, Value: []byte(text)}, func(_ *kgo.Record, err error) {
				if err != nil {
					fmt.Println(err)
					failed.Add(1)
				}
				acknowledged.Add(1)
			})
			if strings.HasSuffix(text, "00") {
				time.Sleep(time.Millisecond)
			}
		}
	}()
	walk.Until("some are acknowledged and read", func() bool { return acknowledged.Load() > 500 && one.total() > 0 })
	walk.KillAndRestart()
	<-sent
	walk.Check(sender.Flush(within()))
	walk.Equal(failed.Load(), 0)
	walk.Equal(values(read(topic, 20_000)), walk.Numbered(20_000, 0))
	walk.Until("the consumer has gone on", func() bool { one.mutex.Lock(); defer one.mutex.Unlock(); return len(one.read) == 20_000 })
	one.leave()
}

func topics() {
	topic := create(topicOf("topics"), 3)
	withAdmin(func(admin *kadm.Client) {
		walk.Equal(errors.Is(walk.Must(admin.CreateTopics(within(), 1, 1, nil, topic))[topic].Err, kerr.TopicAlreadyExists), true)
		walk.Check(walk.Must(admin.UpdatePartitions(within(), 5, topic))[topic].Err)
		listed := walk.Must(admin.ListTopics(within()))
		walk.Equal(len(listed[topic].Partitions), 5)
		walk.Check(walk.Must(admin.DeleteTopics(within(), topic))[topic].Err)
	})
	withAdmin(func(admin *kadm.Client) { // another one, that remembers nothing
		walk.Equal(walk.Must(admin.ListTopics(within())).Has(topic), false)
		walk.Equal(errors.Is(walk.Must(admin.DeleteTopics(within(), topic))[topic].Err, kerr.UnknownTopicOrPartition), true)
	})
}

func configs() {
	topic := create(topicOf("configs"), 1)
	withAdmin(func(admin *kadm.Client) {
		value := func(name string) string {
			for _, config := range walk.Must(walk.Must(admin.DescribeTopicConfigs(within(), topic)).On(topic, nil)).Configs {
				if config.Key == name {
					return config.MaybeValue()
				}
			}
			return "none"
		}
		alter := func(operation kadm.IncrementalOp, text *string) {
			change := []kadm.AlterConfig{{Op: operation, Name: "retention.ms", Value: text}}
			answer := walk.Must(admin.AlterTopicConfigs(within(), change, topic))
			walk.Check(answer[0].Err)
		}
		usual := value("retention.ms")
		alter(kadm.SetConfig, kadm.StringPtr("3600000"))
		walk.Equal(value("retention.ms"), "3600000")
		alter(kadm.DeleteConfig, nil)
		walk.Equal(value("retention.ms"), usual)
	})
}

// seen is a topic of ten messages that a group has read.
func seen(name string) string {
	topic := create(topicOf(name), 1)
	put(topic, walk.Numbered(10, 0))
	one := join(name, topic)
	walk.Until("ten are read", func() bool { return one.total() == 10 })
	walk.Until("they are committed", func() bool {
		offsets := one.client.CommittedOffsets()
		return offsets[topic][0].Offset == 10
	})
	one.leave()
	return topic
}

func groupAdmin() {
	seen("group-admin")
	group := groupOf("group-admin")
	withAdmin(func(admin *kadm.Client) {
		_, listed := walk.Must(admin.ListGroups(within()))[group]
		walk.Equal(listed, true)
		walk.Equal(walk.Must(admin.DescribeGroups(within(), group))[group].State, "Empty")
		walk.Check(walk.Must(admin.DeleteGroup(within(), group)).Err)
		_, listed = walk.Must(admin.ListGroups(within()))[group]
		walk.Equal(listed, false)
	})
}

func offsetAdmin() {
	topic, group := seen("offset-admin"), groupOf("offset-admin")
	withAdmin(func(admin *kadm.Client) {
		held := func() int64 {
			found, ok := walk.Must(admin.FetchOffsets(within(), group)).Lookup(topic, 0)
			if !ok {
				return -1
			}
			return found.At
		}
		walk.Equal(held(), 10)
		changed := kadm.Offsets{}
		changed.AddOffset(topic, 0, 4, -1)
		walk.Check(admin.CommitAllOffsets(within(), group, changed))
		walk.Equal(held(), 4)
		at := func(listed kadm.ListedOffsets, err error) int64 {
			one, _ := walk.Must(listed, err).Lookup(topic, 0)
			walk.Check(one.Err)
			return one.Offset
		}
		walk.Equal(at(admin.ListStartOffsets(within(), topic)), 0)
		walk.Equal(at(admin.ListEndOffsets(within(), topic)), 10)
		walk.Equal(at(admin.ListCommittedOffsets(within(), topic)), 10)
		walk.Equal(at(admin.ListOffsetsAfterMilli(within(), 1, topic)), 0)
		lag := walk.Must(admin.Lag(within(), group))
		walk.Equal(lag[group].Lag.Total(), 6)
		removed := kadm.TopicsSet{}
		removed.Add(topic, 0)
		walk.Check(walk.Must(admin.DeleteOffsets(within(), group, removed)).Error())
		walk.Equal(held(), -1)
	})
}

func deleteRecords() {
	topic := create(topicOf("delete-records"), 1)
	put(topic, walk.Numbered(10, 0))
	withAdmin(func(admin *kadm.Client) {
		upTo := kadm.Offsets{}
		upTo.AddOffset(topic, 0, 6, -1)
		answer, _ := walk.Must(admin.DeleteRecords(within(), upTo)).Lookup(topic, 0)
		walk.Check(answer.Err)
		walk.Equal(answer.LowWatermark, 6)
	})
	walk.Equal(values(read(topic, 4)), walk.Numbered(4, 6))
}

func cluster() {
	withAdmin(func(admin *kadm.Client) {
		found := walk.Must(admin.BrokerMetadata(within()))
		walk.Equal(len(found.Brokers), 1)
		walk.Equal(fmt.Sprintf("%s:%d", found.Brokers[0].Host, found.Brokers[0].Port), walk.Broker)
		walk.Equal(found.Cluster != "", true)
	})
}

func version() string {
	built, _ := debug.ReadBuildInfo()
	for _, module := range built.Deps {
		if module.Path == "github.com/twmb/franz-go" {
			return strings.TrimPrefix(module.Version, "v")
		}
	}
	return "unknown"
}

func main() {
	walk.Main(version(), map[string]func(){
		"produce": produce, "large": large, "partitions": partitions, "full-names": fullNames, "short-names": shortNames,
		"gzip": codec("gzip", kgo.GzipCompression()), "snappy": codec("snappy", kgo.SnappyCompression()),
		"lz4": codec("lz4", kgo.Lz4Compression()), "zstd": codec("zstd", kgo.ZstdCompression()),
		"groups": groups, "consumer-groups": consumerGroups, "commits": commits, "idempotence": idempotence,
		"transactions": transactions, "transaction-offsets": transactionOffsets, "fencing": fencing, "restart": restart,
		"topics": topics, "configs": configs, "group-admin": groupAdmin, "offset-admin": offsetAdmin,
		"delete-records": deleteRecords, "cluster": cluster,
	})
}
